/* The first process of every pod, and the process of containers whose image does nothing: it waits for SIGTERM, and
 * reaps the processes that it inherits where a pod shares its process namespace. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void finish(int number) {
    (void)number;
    _exit(0);
}

static void reap(int number) {
    (void)number;
    while (waitpid(-1, 0, WNOHANG) > 0) {
    }
}

int main(void) {
    struct sigaction ends = {.sa_handler = finish}, child = {.sa_handler = reap, .sa_flags = SA_NOCLDSTOP};
    if (sigaction(SIGTERM, &ends, 0) || sigaction(SIGINT, &ends, 0) || sigaction(SIGCHLD, &child, 0)) {
        return 1;
    }
    for (;;) {
        pause();
    }
}
