"""The binary interface of NVML as data: functions.txt and structs.txt, what reads them, and what is generated."""
