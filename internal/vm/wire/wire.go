// Package wire defines what the host and the guest's init say to each other. A [Manifest]
// in the initial file system tells the guest what to do. [Event]s, one JSON object per
// line, come back over the guest's second serial port. The first one is the console and
// carries no results, so that nothing the kernel prints can be mistaken for one.
package wire

// Paths in the guest's file system.
const (
	ManifestPath = "/etc/fsrun-guest.json"
	ModulesPath  = "/lib/modules"
	ReportPath   = "/dev/ttyS1"
	ConsolePath  = "/dev/ttyS0"
	// DiskPath is the disk for Manifest.Disk.
	DiskPath = "/dev/vda"
	// InitPath is the guest's init. WorkerArgument makes it the process that carries out
	// the manifest.
	InitPath       = "/init"
	WorkerArgument = "worker"
	// SystemdPath is the init for Manifest.Systemd.
	SystemdPath = "/sbin/init"
)

// MaxEventBytes is the longest line in the report, including its newline.
const MaxEventBytes = 64 << 10

// MaxOutputBytes is the most output in a single event.
const MaxOutputBytes = 8 << 10

// Manifest is what the guest does, in this order: load the modules, run the units, open the
// shell, power off.
type Manifest struct {
	// Disk says that the root file system is the one on DiskPath, with the files of the
	// initial one copied into it; otherwise it is a tmpfs with those files.
	Disk bool
	// DiskModules are needed to reach the disk, and are like Modules.
	DiskModules []string
	// Systemd makes SystemdPath process 1, which starts the worker.
	Systemd bool
	// Modules are file names below ModulesPath, dependencies first.
	Modules []string
	Units   []Unit
	// Shell opens an interactive shell on the console after the units.
	Shell bool
	// DeadlineSeconds is when the guest powers off, whatever it is doing; 0 means never.
	DeadlineSeconds int
}

// Unit is a command to run.
type Unit struct {
	Name      string
	Directory string
	Command   []string
	// Environment is added to the guest's own, as KEY=value.
	Environment []string
	// TimeoutSeconds is when the unit and everything that it started is killed; 0 means
	// never.
	TimeoutSeconds int
}

// Kind says what an event reports.
type Kind string

// The kinds of events. A complete report is ready, then for each unit start, any number of
// output, exit, and finally done.
const (
	Ready  Kind = "ready"  // the guest is set up; Text is its kernel's release
	Start  Kind = "start"  // Unit starts
	Output Kind = "output" // Unit wrote Data
	Exit   Kind = "exit"   // Unit ended with Status
	Done   Kind = "done"   // all units have ended; nothing follows
	Fail   Kind = "fail"   // the guest itself failed, as Text says; nothing follows
)

// Event is a line in the report.
type Event struct {
	Kind Kind
	// Unit is the index in Manifest.Units.
	Unit int `json:",omitempty"`
	// Data is raw output, in any encoding.
	Data []byte `json:",omitempty"`
	// Status is the exit status, or 128 plus the number of the signal that
	// killed the unit.
	Status int `json:",omitempty"`
	// Text is for people.
	Text string `json:",omitempty"`
}
