package bundle

import (
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// term maps a name in config.json to the kernel's number.
type term struct {
	name   string
	number uint64
}

func lookupTerm(terms []term, name string) (uint64, bool) {
	for _, t := range terms {
		if t.name == name {
			return t.number, true
		}
	}
	return 0, false
}

func termNames(terms []term) string {
	names := make([]string, len(terms))
	for i, t := range terms {
		names[i] = t.name
	}
	return strings.Join(names, ", ")
}

// The scheduling policies of sched(7). SCHED_ISO has a number, but no kernel implements it.
var schedulerPolicies = []term{
	{string(specs.SchedOther), unix.SCHED_NORMAL},
	{string(specs.SchedFIFO), unix.SCHED_FIFO},
	{string(specs.SchedRR), unix.SCHED_RR},
	{string(specs.SchedBatch), unix.SCHED_BATCH},
	{string(specs.SchedIdle), unix.SCHED_IDLE},
	{string(specs.SchedDeadline), unix.SCHED_DEADLINE},
}

var schedulerFlags = []term{
	{string(specs.SchedFlagResetOnFork), unix.SCHED_FLAG_RESET_ON_FORK},
	{string(specs.SchedFlagReclaim), unix.SCHED_FLAG_RECLAIM},
	{string(specs.SchedFlagDLOverrun), unix.SCHED_FLAG_DL_OVERRUN},
	{string(specs.SchedFlagKeepPolicy), unix.SCHED_FLAG_KEEP_POLICY},
	{string(specs.SchedFlagKeepParams), unix.SCHED_FLAG_KEEP_PARAMS},
	{string(specs.SchedFlagUtilClampMin), unix.SCHED_FLAG_UTIL_CLAMP_MIN},
	{string(specs.SchedFlagUtilClampMax), unix.SCHED_FLAG_UTIL_CLAMP_MAX},
}

const (
	lowestNice, highestNice             = -20, 19
	lowestPriority, mostPriority        = 1, 99 // for real-time policies
	ioPriorityLevels                    = 8
	ioPriorityClassShift                = 13 // ioprio_set(2), IOPRIO_PRIO_VALUE
	maxCPU                              = 1023
	leastDeadlineRuntime         uint64 = 1024 // nanoseconds; sched_setattr(2)
)

// SchedulerAttributes converts a validated process.scheduler for sched_setattr(2).
func SchedulerAttributes(s *specs.Scheduler) *unix.SchedAttr {
	policy, _ := lookupTerm(schedulerPolicies, string(s.Policy))
	attributes := &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: uint32(policy), Nice: s.Nice, Priority: uint32(s.Priority),
		Runtime: s.Runtime, Deadline: s.Deadline, Period: s.Period,
	}
	for _, name := range s.Flags {
		flag, _ := lookupTerm(schedulerFlags, string(name))
		attributes.Flags |= flag
	}
	return attributes
}

func checkScheduler(path string, process *specs.Process) error {
	s := process.Scheduler
	if s == nil {
		return nil
	}
	policy, known := lookupTerm(schedulerPolicies, string(s.Policy))
	if !known {
		found := quote(string(s.Policy))
		if s.Policy == specs.SchedISO {
			found += ", which no Linux implements"
		}
		return refuse(path+".policy", found, termNames(schedulerPolicies))
	}
	for i, flag := range s.Flags {
		if _, known := lookupTerm(schedulerFlags, string(flag)); !known {
			return refuse(index(path+".flags", i), quote(string(flag)), termNames(schedulerFlags))
		}
	}
	if s.Nice < lowestNice || s.Nice > highestNice {
		return refuse(path+".nice", strconv.Itoa(int(s.Nice)), strconv.Itoa(lowestNice)+".."+strconv.Itoa(highestNice))
	}
	if err := checkPriority(path+".priority", s, policy); err != nil {
		return err
	}
	return checkDeadline(path, s, policy)
}

func checkPriority(path string, s *specs.Scheduler, policy uint64) error {
	realTime := policy == unix.SCHED_FIFO || policy == unix.SCHED_RR
	switch {
	case realTime && (s.Priority < lowestPriority || s.Priority > mostPriority):
		return refuse(path, strconv.Itoa(int(s.Priority)), strconv.Itoa(lowestPriority)+".."+strconv.Itoa(mostPriority)+" with "+string(s.Policy))
	case !realTime && s.Priority != 0:
		return refuse(path, strconv.Itoa(int(s.Priority)), "0 with "+string(s.Policy)+": only SCHED_FIFO and SCHED_RR have priorities")
	}
	return nil
}

// checkDeadline checks the condition in sched(7): runtime <= deadline <= period, where a
// period of 0 means the deadline.
func checkDeadline(path string, s *specs.Scheduler, policy uint64) error {
	if policy != unix.SCHED_DEADLINE {
		for _, property := range []struct {
			name  string
			value uint64
		}{{"runtime", s.Runtime}, {"deadline", s.Deadline}, {"period", s.Period}} {
			if property.value != 0 {
				return refuse(path+"."+property.name, strconv.FormatUint(property.value, 10), "0 with "+string(s.Policy)+": only SCHED_DEADLINE has deadlines")
			}
		}
		return nil
	}
	if s.Runtime < leastDeadlineRuntime {
		return refuse(path+".runtime", strconv.FormatUint(s.Runtime, 10), "at least "+strconv.FormatUint(leastDeadlineRuntime, 10)+" nanoseconds")
	}
	if s.Deadline < s.Runtime {
		return refuse(path+".deadline", strconv.FormatUint(s.Deadline, 10), "at least the runtime, "+strconv.FormatUint(s.Runtime, 10))
	}
	if s.Period != 0 && s.Period < s.Deadline {
		return refuse(path+".period", strconv.FormatUint(s.Period, 10), "0, or at least the deadline, "+strconv.FormatUint(s.Deadline, 10))
	}
	return nil
}

var ioPriorityClasses = []term{
	{string(specs.IOPRIO_CLASS_RT), 1}, {string(specs.IOPRIO_CLASS_BE), 2}, {string(specs.IOPRIO_CLASS_IDLE), 3},
}

// IOPriority converts a validated process.ioPriority for ioprio_set(2).
func IOPriority(p *specs.LinuxIOPriority) int {
	class, _ := lookupTerm(ioPriorityClasses, string(p.Class))
	return int(class)<<ioPriorityClassShift | p.Priority
}

func checkIOPriority(path string, process *specs.Process) error {
	p := process.IOPriority
	if p == nil {
		return nil
	}
	if _, known := lookupTerm(ioPriorityClasses, string(p.Class)); !known {
		return refuse(path+".class", quote(string(p.Class)), termNames(ioPriorityClasses))
	}
	if p.Priority < 0 || p.Priority >= ioPriorityLevels {
		return refuse(path+".priority", strconv.Itoa(p.Priority), "0.."+strconv.Itoa(ioPriorityLevels-1))
	}
	return nil
}

// checkCPUAffinity checks the lists. According to the specification, they have no effect on
// the container's first process.
func checkCPUAffinity(path string, process *specs.Process) error {
	affinity := process.ExecCPUAffinity
	if affinity == nil {
		return nil
	}
	for _, list := range []struct{ name, value string }{{"initial", affinity.Initial}, {"final", affinity.Final}} {
		if _, err := ParseList(path+"."+list.name, list.value, maxCPU); err != nil {
			return err
		}
	}
	return nil
}

// CPUs converts a validated list in process.execCPUAffinity. It returns nil for an empty
// list.
func CPUs(list string) *unix.CPUSet {
	numbers, err := ParseList("", list, maxCPU)
	if err != nil || len(numbers) == 0 {
		return nil
	}
	set := new(unix.CPUSet)
	for _, number := range numbers {
		set.Set(int(number))
	}
	return set
}
