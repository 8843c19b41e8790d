package bundle

import (
	"os"
	"strconv"
	"time"

	"github.com/fsrun/fsrun/internal/hooks"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// MaxHookSeconds bounds a hook's timeout so that it fits into 32 bits of milliseconds.
const MaxHookSeconds = (1<<32 - 1) / 1000

// RunnableHooks converts the hooks of one point in the runtime namespace. A hook without an
// environment gets the caller's, as with other runtimes: scripts rely on a PATH.
func RunnableHooks(list []specs.Hook) []hooks.Hook {
	runnable := make([]hooks.Hook, 0, len(list))
	for _, hook := range list {
		translated := hooks.Hook{Path: hook.Path, Args: hook.Args, Env: hook.Env}
		if hook.Env == nil {
			translated.Env = os.Environ()
		}
		if hook.Timeout != nil {
			translated.Timeout = time.Duration(*hook.Timeout) * time.Second
		}
		runnable = append(runnable, translated)
	}
	return runnable
}

func checkHooks(path string, spec *specs.Spec) error {
	if spec.Hooks == nil {
		return nil
	}
	for _, point := range []struct {
		name  string
		hooks []specs.Hook
	}{
		//lint:ignore SA1019 the point is deprecated, but bundles use it and it must be honoured
		{"prestart", spec.Hooks.Prestart},
		{"createRuntime", spec.Hooks.CreateRuntime},
		{"createContainer", spec.Hooks.CreateContainer},
		{"startContainer", spec.Hooks.StartContainer},
		{"poststart", spec.Hooks.Poststart},
		{"poststop", spec.Hooks.Poststop},
	} {
		for i := range point.hooks {
			if err := checkHook(index(path+"."+point.name, i), &point.hooks[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkHook(path string, hook *specs.Hook) error {
	if err := checkAbsolutePath(path+".path", hook.Path); err != nil {
		return err
	}
	if timeout := hook.Timeout; timeout != nil && (*timeout <= 0 || *timeout > MaxHookSeconds) {
		return refuse(path+".timeout", strconv.Itoa(*timeout), "1.."+strconv.Itoa(MaxHookSeconds)+" seconds")
	}
	return checkEnvironment(path+".env", hook.Env)
}
