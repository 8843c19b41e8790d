package debian

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// Missing returns those of the named packages that are not installed.
func Missing(ctx context.Context, names ...string) []string {
	var missing []string
	for _, name := range names {
		// dpkg-query fails for a package that it does not know at all.
		status, err := run(ctx, "", "dpkg-query", "-W", "-f", "${db:Status-Status}", name)
		if err != nil || status != "installed" {
			missing = append(missing, name)
		}
	}
	return missing
}

// Install installs the packages on this machine, without recommended ones. It needs root.
func (c *Cache) Install(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	arguments := append([]string{"install", "-q", "-y", "--no-install-recommends"}, names...)
	if os.Geteuid() != 0 {
		return fmt.Errorf("debian: packages are missing; as root, run: apt-get %s", strings.Join(arguments, " "))
	}
	if err := c.refreshLists(ctx); err != nil {
		return err
	}
	c.say("installing %s", strings.Join(names, " "))
	_, err := run(ctx, "", "apt-get", arguments...)
	return err
}
