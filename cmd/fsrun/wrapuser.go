package main

import (
	"fmt"
	"strings"

	"github.com/moby/sys/user"

	"github.com/fsrun/fsrun/internal/wrap"
	"github.com/fsrun/fsrun/parent/bundle"
)

// lookupUser finds a user of this machine, whose files the container sees.
func (w *wrapping) lookupUser() (*wrap.User, error) {
	if w.user == "" {
		return nil, nil
	}
	name, group, hasGroup := strings.Cut(w.user, ":")
	if name == "" || hasGroup && group == "" {
		return nil, fmt.Errorf("--user %q: allowed: USER or USER:GROUP, by name or number", w.user)
	}
	passwd, err := user.GetPasswdPath()
	if err != nil {
		return nil, err
	}
	groups, err := user.GetGroupPath()
	if err != nil {
		return nil, err
	}
	found, err := user.GetExecUserPath(w.user, nil, passwd, groups)
	if err != nil {
		return nil, fmt.Errorf("--user %q: %w", w.user, err)
	}
	result := &wrap.User{}
	for _, id := range []struct {
		from int
		to   *uint32
	}{{found.Uid, &result.UID}, {found.Gid, &result.GID}} {
		if id.from < 0 || id.from > bundle.MaxID {
			return nil, fmt.Errorf("--user %q: allowed: ids from 0 to %d", w.user, uint64(bundle.MaxID))
		}
		*id.to = uint32(id.from)
	}
	for _, gid := range found.Sgids {
		result.Groups = append(result.Groups, uint32(gid))
	}
	return result, nil
}
