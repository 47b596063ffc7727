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
func killGroup(program *os.Process) {
	if err := syscall.Kill(-program.Pid, syscall.SIGKILL); err != nil {
		_ = program.Kill() // it is in the group of this process
	}
}
