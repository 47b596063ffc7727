//go:build !windows

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// git runs a command of git, as a person of no account.
func git(t *testing.T, folder string, args ...string) {
	t.Helper()
	command := exec.Command("git", append([]string{"-c", "user.name=test", "-c", "user.email=test@example.com"}, args...)...)
	command.Dir = folder
	output, err := command.CombinedOutput()
	require.NoError(t, err, "git %s: %s", strings.Join(args, " "), output)
}

// repository is one with two commits and the script that reviews a change.
func repository(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	script, err := os.ReadFile("../../.ci/review")
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(folder, ".ci"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, ".ci", "review"), script, 0o755))
	git(t, folder, "init", "--quiet", "--initial-branch=main")
	git(t, folder, "add", ".")
	git(t, folder, "commit", "--quiet", "--message=first")
	git(t, folder, "tag", "first")
	git(t, folder, "commit", "--quiet", "--message=second", "--allow-empty")
	return folder
}

// reviewed runs the script and returns its exit status and what it says.
func reviewed(t *testing.T, folder string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	command := exec.Command(filepath.Join(folder, ".ci", "review"), args...)
	var out, complaint strings.Builder
	command.Dir, command.Stdout, command.Stderr = folder, &out, &complaint
	var exit *exec.ExitError
	if err := command.Run(); errors.As(err, &exit) {
		status = exit.ExitCode()
	} else {
		require.NoError(t, err)
	}
	return status, out.String(), complaint.String()
}

// A review that cannot be made is status 1 and one line: status 2 means findings, which
// a label accepts.
func TestScriptFails(t *testing.T) {
	full, shallow := repository(t), filepath.Join(t.TempDir(), "shallow")
	git(t, full, "clone", "--quiet", "--depth=1", "file://"+full, shallow)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, test := range map[string]struct {
		folder string
		args   []string
		want   string
	}{
		"no argument":                {full, nil, "want a commit and a folder"},
		"no folder":                  {full, []string{"main"}, "want a commit and a folder"},
		"an empty base":              {full, []string{"", "out"}, "want a commit and a folder"},
		"three arguments":            {full, []string{"main", "out", "more"}, "want a commit and a folder"},
		"no such base":               {full, []string{"nowhere", "out"}, "nowhere is no commit of this repository"},
		"a base before the first":    {full, []string{"main~2", "out"}, "main~2 is no commit of this repository"},
		"a base that is an option":   {full, []string{"--all", "out"}, "--all is no commit of this repository"},
		"a base that is a tree":      {full, []string{"main^{tree}", "out"}, "main^{tree} is no commit of this repository"},
		"a shallow clone":            {shallow, []string{"HEAD^1", "out"}, "HEAD^1 is not in this shallow clone: run git fetch --unshallow"},
		"a folder that is no folder": {full, []string{"first", filepath.Join(file, "out")}, "cannot be made"},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := reviewed(t, test.folder, test.args...)
			assert.Equal(t, failed, status)
			assert.Empty(t, stdout)
			assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			assert.Contains(t, stderr, "review: ")
			assert.Contains(t, stderr, test.want)
		})
	}
}

// A command of the script that fails with status 2, as a compiler does, is status 1.
func TestScriptHidesTheStatusOfItsCommands(t *testing.T) {
	folder := repository(t)
	for _, status := range []string{"1", "2", "3"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, ".ci", "cdk"), []byte("#!/bin/sh\nexit "+status+"\n"), 0o755))
		got, _, _ := reviewed(t, folder, "first", t.TempDir())
		assert.Equal(t, failed, got, "a command with status %s", status)
	}
}
