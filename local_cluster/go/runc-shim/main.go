// Command runc-shim stands in front of runc where root lacks capabilities.
//
// A privileged container asks for every capability, and runc fails when one of them is not in the
// bounding set. The shim takes the missing ones out of the container's configuration ("create",
// "run") or process ("exec --process"), then becomes runc. Without CAP_SYS_RESOURCE a process
// cannot lower its OOM score either, so a lower score is raised to the shim's own. Where nothing
// is missing it changes nothing.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// capabilities in the order of their numbers in linux/capability.h.
var capabilities = strings.Fields(`CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID
	SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK
	IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE
	SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP
	MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF
	CHECKPOINT_RESTORE`)

func main() {
	if missing := missingCapabilities(); len(missing) > 0 {
		if err := restrict(os.Args[1:], missing); err != nil {
			fail(err)
		}
	}
	runc, err := findRunc()
	if err != nil {
		fail(err)
	}
	fail(syscall.Exec(runc, append([]string{runc}, os.Args[1:]...), os.Environ()))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "runc-shim:", err)
	os.Exit(1)
}

func findRunc() (string, error) {
	if path, err := exec.LookPath("runc"); err == nil {
		return path, nil
	}
	return exec.LookPath("/usr/sbin/runc")
}

// missingCapabilities returns the known capabilities that are not in the bounding set.
func missingCapabilities() map[string]bool {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		fail(err)
	}
	_, rest, _ := strings.Cut(string(status), "\nCapBnd:")
	bounding, err := strconv.ParseUint(strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0]), 16, 64)
	if err != nil {
		fail(err)
	}
	missing := map[string]bool{}
	for number, name := range capabilities {
		if bounding&(1<<number) == 0 {
			missing["CAP_"+name] = true
		}
	}
	return missing
}

// restrict changes the file that the given runc command reads, if it reads one.
func restrict(args []string, missing map[string]bool) error {
	command, rest := split(args)
	switch command {
	case "create", "run":
		file := filepath.Join(option(rest, "--bundle", "-b"), "config.json")
		return edit(file, func(config map[string]any) {
			if process, ok := config["process"].(map[string]any); ok {
				limit(process, missing)
			}
		})
	case "exec":
		if file := option(rest, "--process", "-p"); file != "" {
			return edit(file, func(process map[string]any) { limit(process, missing) })
		}
	}
	return nil
}

// split returns the runc command and what follows it, skipping the global options.
func split(args []string) (string, []string) {
	takesValue := map[string]bool{"--root": true, "--log": true, "--log-format": true, "--criu": true, "--rootless": true}
	for i := 0; i < len(args); i++ {
		if takesValue[args[i]] {
			i++
		} else if !strings.HasPrefix(args[i], "-") {
			return args[i], args[i+1:]
		}
	}
	return "", nil
}

func option(args []string, names ...string) string {
	for i, arg := range args {
		for _, name := range names {
			if arg == name && i+1 < len(args) {
				return args[i+1]
			}
			if value, found := strings.CutPrefix(arg, name+"="); found {
				return value
			}
		}
	}
	return ""
}

func edit(file string, change func(map[string]any)) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var document map[string]any
	if err := decoder.Decode(&document); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	change(document)
	if data, err = json.Marshal(document); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

func limit(process map[string]any, missing map[string]bool) {
	if sets, ok := process["capabilities"].(map[string]any); ok {
		for kind, value := range sets {
			if names, ok := value.([]any); ok {
				kept := []any{}
				for _, name := range names {
					if text, ok := name.(string); !ok || !missing[text] {
						kept = append(kept, name)
					}
				}
				sets[kind] = kept
			}
		}
	}
	if score, ok := process["oomScoreAdj"].(json.Number); ok && missing["CAP_SYS_RESOURCE"] {
		wanted, _ := strconv.Atoi(score.String())
		if own := ownScore(); wanted < own {
			process["oomScoreAdj"] = own
		}
	}
}

func ownScore() int {
	data, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		return 0
	}
	score, _ := strconv.Atoi(strings.TrimSpace(string(data)))
	return score
}
