package console

import "golang.org/x/sys/unix"

// keyboard finds, in what is typed, the keys that make a terminal send a signal
// (termios(3), ISIG).
type keyboard struct {
	master int
	quoted bool // the last key was the one that makes the next one literal
}

// strike is one of these keys: its signal, and the foreground process group when it was
// struck.
type strike struct {
	signal unix.Signal
	group  int
}

// strikes must be called before the terminal receives the input, which may make the program
// change the terminal's modes.
func (k *keyboard) strikes(typed []byte) []strike {
	modes, err := unix.IoctlGetTermios(k.master, unix.TCGETS)
	if err != nil {
		return nil
	}
	var found []strike
	for _, key := range typed {
		if signal := k.signal(modes, key); signal != 0 {
			if group, err := unix.IoctlGetInt(k.master, unix.TIOCGPGRP); err == nil {
				found = append(found, strike{signal, group})
			}
		}
	}
	return found
}

// signal returns the signal that a key sends, 0 for most keys.
func (k *keyboard) signal(modes *unix.Termios, key byte) unix.Signal {
	if k.quoted {
		k.quoted = false
		return 0
	}
	const disabled = 0 // _POSIX_VDISABLE
	is := func(character int) bool { return modes.Cc[character] != disabled && modes.Cc[character] == key }
	signals := modes.Lflag&unix.ISIG != 0
	switch {
	case signals && is(unix.VINTR):
		return unix.SIGINT
	case signals && is(unix.VQUIT):
		return unix.SIGQUIT
	}
	k.quoted = modes.Lflag&unix.ICANON != 0 && modes.Lflag&unix.IEXTEN != 0 && is(unix.VLNEXT)
	return 0
}
