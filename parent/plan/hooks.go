package plan

import (
	"fmt"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/protocol"
)

// createHooks lowers the hooks of create: the parent's, then the child's (runtime.md,
// "Lifecycle").
func (l *lowering) createHooks() error {
	all := l.spec.Hooks
	if all == nil {
		return nil
	}
	//lint:ignore SA1019 the point is deprecated, but bundles use it and it must be honoured
	if len(all.Prestart)+len(all.CreateRuntime) > 0 {
		l.plan.Early = true
		l.add(&protocol.ParentHooks{Origin: at("hooks")})
	}
	return l.hooks("createContainer", all.CreateContainer)
}

// startHooks lowers the hooks of start, which the child runs after Start.
func (l *lowering) startHooks() error {
	if l.spec.Hooks == nil {
		return nil
	}
	return l.hooks("startContainer", l.spec.Hooks.StartContainer)
}

// hooks lowers hooks that the child runs.
func (l *lowering) hooks(point string, hooks []specs.Hook) error {
	for i := range hooks {
		place := index("hooks."+point, i)
		timeout := time.Duration(0)
		if hooks[i].Timeout != nil {
			timeout = time.Duration(*hooks[i].Timeout) * time.Second
		}
		if timeout.Milliseconds() > 1<<32-1 {
			return fmt.Errorf("%s.timeout: %s is longer than can be waited for", place, timeout)
		}
		arguments := hooks[i].Args
		if len(arguments) == 0 {
			arguments = []string{hooks[i].Path}
		}
		l.add(&protocol.Hook{
			Origin: at(place), Point: point, Index: uint32(i), Path: hooks[i].Path,
			Arguments: arguments, Environment: hooks[i].Env,
			State: l.facts.State, Milliseconds: uint32(timeout.Milliseconds()),
		})
	}
	return nil
}
