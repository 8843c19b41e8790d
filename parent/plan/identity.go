package plan

import (
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/protocol"
)

// identity lowers what is about the process's namespaces and not about files.
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

// keyring keeps what is in the caller's session keyring from the program, an init or one
// that joins: it would possess the keys, whoever it is.
func (l *lowering) keyring() {
	if !l.facts.NoNewKeyring {
		l.add(&protocol.Keyring{Origin: at("process"), Name: keyringName(l.facts.ID)})
	}
}

// keyringName bounds the description, which tells an administrator whose it is.
func keyringName(id string) string {
	name := "_ses." + id
	return name[:min(len(name), protocol.MaxName)]
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
