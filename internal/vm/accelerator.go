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
	// Without these features, the kernel chooses code that is faster under TCG: four levels
	// of page tables, and its own copy loops instead of rep movsb.
	"tcg": {"tcg,thread=multi,tb-size=1024", "max,la57=off,-erms,-fsrm"},
}

// probeTime is how long the probe may take with a working KVM. A processor takes a tenth of
// that.
const probeTime = 2 * time.Second

// probeStatus is QEMU's exit status when the probe's guest writes 0x10 to the
// isa-debug-exit device: twice that, plus one.
const probeStatus = 0x10<<1 | 1

// probeCode is real-mode code that takes a moment on a processor, and minutes on a
// hypervisor that interprets every instruction.
var probeCode = []byte{
	0x66, 0xb9, 0x00, 0x00, 0x00, 0x10, // mov ecx, 1<<28
	0x66, 0x49, // dec ecx
	0x75, 0xfc, // jnz to the dec
	0xba, 0xf4, 0x00, // mov dx, 0xf4
	0xb0, 0x10, // mov al, 0x10
	0xee,       // out dx, al
	0xf4,       // hlt
	0xeb, 0xfd, // jmp to the hlt
}

// A processor starts resetOffset before the end of the ROM, where a jump leads to the code,
// codeOffset before the end.
const (
	resetOffset = 16
	codeOffset  = 256
)

var resetJump = []byte{0xe9, 0x0d, 0xff} // jump back by codeOffset - resetOffset + 3 bytes

// chooseAccelerator returns the named accelerator; auto is kvm if that works.
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

// kvmWorks runs a tiny guest. It is not enough that /dev/kvm can be opened: on some nested
// machines the guest then never runs, or each of its instructions is interpreted, thousands
// of times slower than by QEMU itself.
func kvmWorks(ctx context.Context, directory string) bool {
	device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	device.Close()
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	return runProbe(ctx, accelerators["kvm"], directory) == nil
}

// runProbe runs the tiny guest to its end.
func runProbe(ctx context.Context, a accelerator, directory string) error {
	firmware := filepath.Join(directory, "probe.bin")
	if err := os.WriteFile(firmware, probeFirmware(), 0o600); err != nil {
		return err
	}
	ended := exec.CommandContext(ctx, qemuProgram, "-machine", "q35", "-accel", a.accel, "-cpu", a.cpu,
		"-m", "64", "-nodefaults", "-display", "none", "-no-reboot",
		"-bios", firmware, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04").Run()
	var exit *exec.ExitError
	if errors.As(ended, &exit) && exit.ExitCode() == probeStatus {
		return nil
	}
	return fmt.Errorf("the probe's guest does not end as it should: %v", ended)
}

// probeFirmware returns a ROM of the smallest size that QEMU maps below 4 GiB.
func probeFirmware() []byte {
	rom := make([]byte, 64<<10)
	copy(rom[len(rom)-codeOffset:], probeCode)
	copy(rom[len(rom)-resetOffset:], resetJump)
	return rom
}
