package cli

import "slices"

// Commands lists all commands, including those that are not available.
func (p *Program) Commands() []*Command {
	var all []*Command
	for _, group := range p.Groups {
		all = append(all, group.Commands...)
	}
	return all
}

// Available returns the program without the commands that cannot run on this machine. It is
// used wherever commands are listed for users.
func (p *Program) Available() *Program {
	here := *p
	here.Groups = nil
	for _, group := range p.Groups {
		group.Commands = slices.DeleteFunc(slices.Clone(group.Commands), func(c *Command) bool { return c.Have() != nil })
		if len(group.Commands) > 0 {
			here.Groups = append(here.Groups, group)
		}
	}
	return &here
}

// Names lists the names of the commands.
func (p *Program) Names() []string {
	var names []string
	for _, command := range p.Commands() {
		names = append(names, command.Name)
	}
	return names
}

// TopicNames lists the names of the topics.
func (p *Program) TopicNames() []string {
	var names []string
	for _, topic := range p.Topics {
		names = append(names, topic.Name)
	}
	return names
}

// Find returns a command by its name, or nil.
func (p *Program) Find(name string) *Command {
	for _, command := range p.Commands() {
		if command.Name == name {
			return command
		}
	}
	return nil
}

// Named returns a command by its name, or an error that says which one was probably meant.
func (p *Program) Named(name string) (*Command, error) {
	if command := p.Find(name); command != nil {
		return command, nil
	}
	return nil, p.unknownCommand(name)
}
