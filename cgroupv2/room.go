package cgroupv2

import (
	"strconv"
	"strings"
)

// Room is what a group's own limits leave for another process. It is Unlimited where there
// is no limit or its controller is not enabled.
type Room struct {
	Tasks  uint64 // beneath pids.max
	Memory uint64 // beneath memory.max and memory.high, in bytes
	CPU    uint64 // all of cpu.max, used or not, in thousandths of a processor
}

// Room reads the group's limits and current usage. The groups above may leave less.
func (g *Group) Room() (Room, error) {
	r := &statReader{dir: g.dir}
	room := Room{Tasks: Unlimited, Memory: Unlimited, CPU: Unlimited}
	if pids := r.pids(); pids != nil {
		room.Tasks = left(pids.Current, pids.Limit)
	}
	if r.dir.has("memory.current") {
		room.Memory = left(r.number("memory.current"), min(r.number("memory.max"), r.number("memory.high")))
	}
	if content, found := r.read("cpu.max"); found {
		room.CPU = r.bandwidth(content)
	}
	return room, r.err
}

func left(used, limit uint64) uint64 {
	switch {
	case limit == Unlimited:
		return Unlimited
	case used >= limit:
		return 0
	}
	return limit - used
}

// bandwidth parses cpu.max: a quota or max, and the period.
func (r *statReader) bandwidth(content string) uint64 {
	quota, period, _ := strings.Cut(content, " ")
	if quota == "max" {
		return Unlimited
	}
	of, err := strconv.ParseUint(quota, 10, 64)
	in, periodError := strconv.ParseUint(period, 10, 64)
	if err == nil {
		err = periodError
	}
	if err != nil || in == 0 {
		if r.err == nil {
			r.err = r.dir.fail("parse", "cpu.max", err)
		}
		return 0
	}
	return of * 1000 / in
}

// Pids reads only pids.current and pids.max. It returns nil if the controller is not
// enabled.
func (g *Group) Pids() (*PidsStats, error) {
	r := &statReader{dir: g.dir}
	pids := r.pids()
	return pids, r.err
}
