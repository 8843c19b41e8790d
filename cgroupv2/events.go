package cgroupv2

// Events is the state of a group and all groups beneath it (cgroup.events).
type Events struct {
	Populated bool // there are live processes
	Frozen    bool // the freezer has stopped all processes
}

// Events reads cgroup.events.
func (g *Group) Events() (Events, error) {
	return readEvents(g.dir)
}

func readEvents(d dir) (Events, error) {
	content, err := d.read("cgroup.events")
	if err != nil {
		return Events{}, err
	}
	return parseEvents(content), nil
}

func parseEvents(content string) Events {
	values := flatKeyed(content)
	return Events{Populated: values["populated"] == 1, Frozen: values["frozen"] == 1}
}
