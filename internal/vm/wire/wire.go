// Package wire is what the host and the guest's init say to each other: a
// [Manifest] in the initial file system tells the guest what to do, and
// [Event]s, one JSON object a line, come back over the guest's second serial
// port. The first one is the console and carries no results, so that nothing
// the kernel prints can be taken for one.
package wire

// Paths in the guest's file system.
const (
	ManifestPath = "/etc/fsrun-guest.json"
	ModulesPath  = "/lib/modules"
	ReportPath   = "/dev/ttyS1"
	ConsolePath  = "/dev/ttyS0"
	// DiskPath is the disk that Manifest.Disk speaks of.
	DiskPath = "/dev/vda"
	// InitPath is the guest's init, and WorkerArgument makes it the process that
	// carries the manifest out.
	InitPath       = "/init"
	WorkerArgument = "worker"
	// SystemdPath is the init that Manifest.Systemd speaks of.
	SystemdPath = "/sbin/init"
)

// MaxEventBytes is the longest line of the report, its newline included.
const MaxEventBytes = 64 << 10

// MaxOutputBytes is the most output that one event carries.
const MaxOutputBytes = 8 << 10

// Manifest is what the guest does, in this order: load the modules, run the
// units, open the shell, power off.
type Manifest struct {
	// Disk says that the root file system is the one on DiskPath, with the
	// initial one's files copied into it; else it is a tmpfs of those files.
	Disk bool
	// DiskModules are needed to reach the disk; as Modules.
	DiskModules []string
	// Systemd hands process 1 to SystemdPath, which starts the worker.
	Systemd bool
	// Modules are file names below ModulesPath, dependencies first.
	Modules []string
	Units   []Unit
	// Shell asks for an interactive shell on the console after the units.
	Shell bool
	// DeadlineSeconds is the time after which the guest powers off whatever it
	// is doing; 0 means never.
	DeadlineSeconds int
}

// Unit is one command to run.
type Unit struct {
	Name      string
	Directory string
	Command   []string
	// Environment is added to the guest's own, as KEY=value.
	Environment []string
	// TimeoutSeconds is the time after which the unit and all that it started is
	// killed; 0 means never.
	TimeoutSeconds int
}

// Kind says what an event reports.
type Kind string

// The kinds of events. A complete report is ready, then for each unit start,
// any number of output, exit, and at last done.
const (
	Ready  Kind = "ready"  // the guest is set up; Text is its kernel's release
	Start  Kind = "start"  // Unit starts
	Output Kind = "output" // Unit wrote Data
	Exit   Kind = "exit"   // Unit ended with Status
	Done   Kind = "done"   // all units ended; nothing follows
	Fail   Kind = "fail"   // the guest itself failed, as Text says; nothing follows
)

// Event is one line of the report.
type Event struct {
	Kind Kind
	// Unit is the index in Manifest.Units.
	Unit int `json:",omitempty"`
	// Data is output as it came, of any encoding.
	Data []byte `json:",omitempty"`
	// Status is the exit status, or 128 plus the number of the signal that
	// killed the unit.
	Status int `json:",omitempty"`
	// Text is for people.
	Text string `json:",omitempty"`
}
