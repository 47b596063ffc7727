//go:build unix

package region

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup lets a program and those that it starts end together.
func ownGroup(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends a program and those that it has started, if any still runs.
func killGroup(program *os.Process) { _ = syscall.Kill(-program.Pid, syscall.SIGKILL) }
