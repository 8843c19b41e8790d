package plan

import (
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/protocol"
)

// identity lowers what concerns the process's namespaces rather than files.
func (l *lowering) identity() {
	if score := l.spec.Process.OOMScoreAdj; score != nil {
		l.add(&protocol.OOMScore{Origin: at("process.oomScoreAdj"), Value: *score})
	}
	if l.spec.Hostname != "" {
		l.add(&protocol.Hostname{Origin: at("hostname"), Name: l.spec.Hostname})
	}
	if l.spec.Domainname != "" {
		l.add(&protocol.Domainname{Origin: at("domainname"), Name: l.spec.Domainname})
	}
	if l.has(specs.NetworkNamespace) {
		l.add(&protocol.Loopback{Origin: at("linux.namespaces")})
	}
	l.keyring()
}

// keyring keeps the contents of the caller's session keyring from the program, which would
// otherwise possess the keys, whichever user it is and whether it is the init or joins
// later.
func (l *lowering) keyring() {
	if !l.facts.NoNewKeyring {
		l.add(&protocol.Keyring{Origin: at("process"), Name: keyringName(l.facts.ID)})
	}
}

// keyringName returns a description of bounded length that tells an administrator whose
// keyring it is.
func keyringName(id string) string {
	name := "_ses." + id
	return name[:min(len(name), protocol.MaxName)]
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
