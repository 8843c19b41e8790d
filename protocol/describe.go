package protocol

// FieldDescription describes one field of a frame or an operation.
type FieldDescription struct{ Name, Type, Meaning string }

// KindDescription describes one kind of frame.
type KindDescription struct {
	Kind        Kind
	Direction   Direction
	Descriptors string // how many travel with the frame
	Meaning     string
	Fields      []FieldDescription
}

// OpDescription describes one kind of operation.
type OpDescription struct {
	Kind    OpKind
	Roles   string // the roles whose plans may contain it
	Meaning string
	Fields  []FieldDescription
}

// LimitDescription describes one named limit.
type LimitDescription struct {
	Name    string
	Value   int
	Unit    string
	Meaning string
}

// DescribeKinds describes every kind of frame in wire order.
func DescribeKinds() []KindDescription {
	var all []KindDescription
	for _, kind := range Kinds() {
		row := kinds[kind]
		all = append(all, KindDescription{
			Kind: kind, Direction: row.direction, Descriptors: row.descriptors.String(),
			Meaning: row.meaning, Fields: kind.prototype().describe(),
		})
	}
	return all
}

// DescribeOps describes every kind of operation in wire order.
func DescribeOps() []OpDescription {
	var all []OpDescription
	for _, kind := range OpKinds() {
		row := ops[kind]
		all = append(all, OpDescription{
			Kind: kind, Roles: row.roles.String(), Meaning: row.meaning, Fields: kind.prototype().describe(),
		})
	}
	return all
}

// DescribeLimits describes every limit.
func DescribeLimits() []LimitDescription {
	return []LimitDescription{
		{"MaxFrame", MaxFrame, "bytes", "one frame, encoded"},
		{"MaxDepth", MaxDepth, "levels", "arrays and maps nested in one another, the frame's own array being the first"},
		{"MaxElements", MaxElements, "elements", "of all lists of one frame together, in the sense given below"},
		{"MaxDescriptors", MaxDescriptors, "descriptors", "with one frame"},
		{"MaxPlan", MaxPlan, "bytes", "the frames of one plan, encoded, together"},
		{"MaxOps", MaxOps, "operations", "of one plan"},
		{"MaxArgument", MaxArgument, "bytes", "one argument or environment string; execve(2) takes no longer one"},
		{"MaxPath", MaxPath, "bytes", "one path; PATH_MAX less its terminating NUL"},
		{"MaxName", MaxName, "bytes", "one name: of a field, file system, sysctl, state, system call"},
		{"MaxText", MaxText, "bytes", "one text for people, one option's or cgroup file's value"},
		{"MaxFilter", MaxFilter, "bytes", "one seccomp filter: 4,096 instructions of 8 bytes"},
		{"MaxGroups", MaxGroups, "groups", "supplementary groups of the program"},
		{"MaxAllocation", MaxAllocation, "bytes", "memory that decoding one frame takes, whoever wrote the frame"},
	}
}

func (list fields) describe() []FieldDescription {
	var all []FieldDescription
	for _, field := range list {
		all = append(all, FieldDescription{field.name, field.value.describe(), field.meaning})
	}
	return all
}
