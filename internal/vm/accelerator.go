package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// accelerator is a way for QEMU to run the guest's instructions.
type accelerator struct {
	accel, cpu string
}

var accelerators = map[string]accelerator{
	"kvm": {"kvm", "host"},
	// Without these features the kernel takes code that TCG runs faster: four
	// levels of page tables, and its own copy loops instead of rep movsb.
	"tcg": {"tcg,thread=multi,tb-size=1024", "max,la57=off,-erms,-fsrm"},
}

// probeTime is how long a working KVM may take to run four instructions.
const probeTime = 2 * time.Second

// probeStatus is what QEMU exits with when the probe's guest writes 0x10 to the
// isa-debug-exit device: twice that plus one.
const probeStatus = 0x10<<1 | 1

// probeCode is real-mode code at the reset vector.
var probeCode = []byte{
	0xba, 0xf4, 0x00, // mov dx, 0xf4
	0xb0, 0x10, // mov al, 0x10
	0xee,       // out dx, al
	0xf4,       // hlt
	0xeb, 0xfd, // jmp to the hlt
}

// chooseAccelerator returns the named accelerator; auto is kvm where it works.
func chooseAccelerator(ctx context.Context, name, directory string) (accelerator, error) {
	if name == "auto" {
		name = "tcg"
		if kvmWorks(ctx, directory) {
			name = "kvm"
		}
	}
	chosen, known := accelerators[name]
	if !known {
		return accelerator{}, fmt.Errorf("-accel %s: want kvm, tcg or auto", name)
	}
	return chosen, nil
}

// kvmWorks runs a tiny guest. That /dev/kvm opens is not enough to know: on some
// nested machines it does, and the guest never gets to run.
func kvmWorks(ctx context.Context, directory string) bool {
	device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	device.Close()
	firmware := filepath.Join(directory, "probe.bin")
	if err := os.WriteFile(firmware, probeFirmware(), 0o600); err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	probe := exec.CommandContext(ctx, qemuProgram, "-machine", "q35", "-accel", "kvm", "-cpu", accelerators["kvm"].cpu,
		"-m", "64", "-nodefaults", "-display", "none", "-no-reboot",
		"-bios", firmware, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04")
	var exit *exec.ExitError
	return errors.As(probe.Run(), &exit) && exit.ExitCode() == probeStatus
}

// probeFirmware is a ROM of the smallest size that QEMU maps below 4 GiB; a
// processor starts 16 bytes before its end.
func probeFirmware() []byte {
	rom := make([]byte, 64<<10)
	copy(rom[len(rom)-16:], probeCode)
	return rom
}
