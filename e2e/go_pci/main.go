// Lists the GPUs of the node by NVIDIA's PCI library, as mig-parted and the device plugins do.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/NVIDIA/go-nvlib/pkg/nvpci"
)

type row struct {
	Address      string `json:"address"`
	Device       uint16 `json:"device"`
	Driver       string `json:"driver"`
	NumaNode     int    `json:"numa_node"`
	IommuGroup   int    `json:"iommu_group"`
	VFs          uint64 `json:"virtual_functions"`
	Memory64     uint64 `json:"memory_64"`
	Capabilities int    `json:"capabilities"`
}

func main() {
	options := []nvpci.Option{}
	if len(os.Args) > 1 {
		options = append(options, nvpci.WithPCIDevicesRoot(os.Args[1]))
	}
	gpus, err := nvpci.New(options...).GetGPUs()
	if err != nil {
		log.Fatal(err)
	}
	rows := []row{}
	for _, gpu := range gpus {
		config, err := gpu.Config.Read()
		if err != nil {
			log.Fatal(err)
		}
		found, err := config.GetPCICapabilities()
		if err != nil {
			log.Fatal(err)
		}
		_, memory := gpu.Resources.GetTotalAddressableMemory(false)
		made := row{gpu.Address, gpu.Device, gpu.Driver, gpu.NumaNode, gpu.IommuGroup, 0, memory,
			len(found.Standard) + len(found.Extended)}
		if gpu.SriovInfo.IsPF() {
			made.VFs = gpu.SriovInfo.PhysicalFunction.NumVFs
		}
		rows = append(rows, made)
	}
	if err := json.NewEncoder(os.Stdout).Encode(rows); err != nil {
		log.Fatal(err)
	}
}
