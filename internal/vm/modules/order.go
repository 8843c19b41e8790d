package modules

import "fmt"

// Module is a module to load.
type Module struct {
	Name    string
	Content []byte // the ELF file
}

// Load returns the wanted modules and all their dependencies, each once and after its own
// dependencies. It leaves out modules that are built into the kernel.
func (x *Index) Load(wanted []string) ([]Module, error) {
	contents := make(map[string][]byte)
	names, err := order(wanted, func(name string) (bool, []string, error) {
		content, err := x.Read(name)
		if err != nil || content == nil {
			return false, nil, err
		}
		depends, err := dependencies(content)
		if err != nil {
			return false, nil, fmt.Errorf("modules: %s: %w", name, err)
		}
		contents[name] = content
		return true, depends, nil
	})
	if err != nil {
		return nil, err
	}
	ordered := make([]Module, 0, len(names))
	for _, name := range names {
		ordered = append(ordered, Module{Name: name, Content: contents[name]})
	}
	return ordered, nil
}

// lookup returns whether a module is a file to load, and its dependencies.
type lookup func(name string) (loadable bool, depends []string, err error)

// order is a depth-first topological sort.
func order(wanted []string, find lookup) ([]string, error) {
	const (
		entered = iota + 1
		left
	)
	progress := make(map[string]int)
	var ordered []string
	var visit func(string) error
	visit = func(name string) error {
		name = canonical(name)
		switch progress[name] {
		case entered:
			return fmt.Errorf("modules: %s depends on itself", name)
		case left:
			return nil
		}
		progress[name] = entered
		loadable, depends, err := find(name)
		if err != nil {
			return err
		}
		for _, dependency := range depends {
			if err := visit(dependency); err != nil {
				return fmt.Errorf("%w (needed by %s)", err, name)
			}
		}
		progress[name] = left
		if loadable {
			ordered = append(ordered, name)
		}
		return nil
	}
	for _, name := range wanted {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return ordered, nil
}
