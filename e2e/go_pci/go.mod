module dra-conformance.dev/e2e/go-pci

go 1.24

require github.com/NVIDIA/go-nvlib v0.9.0
