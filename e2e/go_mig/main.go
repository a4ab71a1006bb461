// A DRA driver's way to a MIG device, on NVIDIA's Go bindings: enable MIG, create a GPU and a compute instance, list them.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

type device struct {
	Profile string `json:"profile"`
	GI      int    `json:"gi"`
	UUID    string `json:"uuid"`
	Memory  uint64 `json:"memory_mib"`
}

func must(ret nvml.Return, what string) {
	if ret != nvml.SUCCESS {
		fmt.Fprintf(os.Stderr, "%s: %s\n", what, nvml.ErrorString(ret))
		os.Exit(1)
	}
}

// create makes one instance of the profile at the index, at the last of its places, with the compute instance that fills it.
func create(gpu nvml.Device, index int) device {
	profile, ret := gpu.GetGpuInstanceProfileInfo(index)
	must(ret, "GetGpuInstanceProfileInfo")
	places, ret := gpu.GetGpuInstancePossiblePlacements(&profile)
	must(ret, "GetGpuInstancePossiblePlacements")
	gi, ret := gpu.CreateGpuInstanceWithPlacement(&profile, &places[len(places)-1])
	must(ret, "CreateGpuInstanceWithPlacement")
	info, ret := gi.GetInfo()
	must(ret, "GpuInstance.GetInfo")
	slices, ret := gi.GetComputeInstanceProfileInfo(index, nvml.COMPUTE_INSTANCE_ENGINE_PROFILE_SHARED)
	must(ret, "GetComputeInstanceProfileInfo")
	ci, ret := gi.CreateComputeInstance(&slices)
	must(ret, "CreateComputeInstance")
	made, ret := ci.GetInfo()
	must(ret, "ComputeInstance.GetInfo")
	uuid, ret := made.Device.GetUUID()
	must(ret, "GetUUID")
	name, ret := made.Device.GetName()
	must(ret, "GetName")
	memory, ret := made.Device.GetMemoryInfo()
	must(ret, "GetMemoryInfo")
	return device{name, int(info.Id), uuid, memory.Total >> 20}
}

func main() {
	must(nvml.Init(), "Init")
	defer nvml.Shutdown()
	gpu, ret := nvml.DeviceGetHandleByIndex(0)
	must(ret, "DeviceGetHandleByIndex")
	activation, ret := gpu.SetMigMode(nvml.DEVICE_MIG_ENABLE)
	must(ret, "SetMigMode")
	must(activation, "activation of MIG mode")
	created := []device{create(gpu, nvml.GPU_INSTANCE_PROFILE_1_SLICE), create(gpu, nvml.GPU_INSTANCE_PROFILE_2_SLICE)}
	count, ret := gpu.GetMaxMigDeviceCount()
	must(ret, "GetMaxMigDeviceCount")
	listed := []string{}
	for i := 0; i < count; i++ {
		mig, ret := gpu.GetMigDeviceHandleByIndex(i)
		if ret == nvml.ERROR_NOT_FOUND || ret == nvml.ERROR_INVALID_ARGUMENT {
			continue
		}
		must(ret, "GetMigDeviceHandleByIndex")
		uuid, ret := mig.GetUUID()
		must(ret, "GetUUID")
		listed = append(listed, uuid)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"created": created, "listed": listed})
}
