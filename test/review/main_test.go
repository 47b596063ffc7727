package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// forum is an assembly with a table.
const forum = "../internal/assembly/testdata/forum"

// edited is a copy of the forum with an edit of the template of its tables.
func edited(t *testing.T, old, new string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(forum)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "assembly-forum-dev", "forumdevData4.template.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(old)) {
		t.Fatalf("%s has no %s", file, old)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte(old), []byte(new), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// renamed is a copy of the forum whose environment has another name.
func renamed(t *testing.T) string {
	t.Helper()
	folder := edited(t, "UsersTable", "UsersTable")
	file := filepath.Join(folder, "manifest.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte(`"displayName": "forum-dev"`), []byte(`"displayName": "forum-new"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestExitStatus(t *testing.T) {
	for name, test := range map[string]struct {
		args           []string
		status         int
		out, complaint string
	}{
		"no change":            {[]string{forum, forum}, 0, "**forum-dev**: no change.\n", ""},
		"a change":             {[]string{forum, edited(t, `"what"`, `"which"`)}, 0, "**forum-dev**: 1 stack changes, no finding.", ""},
		"a table that is lost": {[]string{forum, edited(t, `"KeySchema": [{"AttributeName": "id"`, `"KeySchema": [{"AttributeName": "name"`)}, 2, "**forum-dev**: 1 stack changes, 1 finding.", ""},
		"no such folder":       {[]string{forum, "nowhere"}, 1, "", "review: nowhere: assembly: open nowhere"},
		"not an assembly":      {[]string{t.TempDir(), forum}, 1, "", "manifest.json"},
		"what nobody can read": {[]string{forum, edited(t, `"Resources"`, `"Resources":{"New":{"Type":"AWS::X::Y","Properties":{"a":{"Fn::Unheard":1}}}},"Old"`)}, 1, "", "Fn::Unheard is not supported"},
		"a folder is missing":  {[]string{forum}, 1, "", "review: want two folders"},
		"a folder is too much": {[]string{forum, forum, forum}, 1, "", "review: want two folders"},
		"an environment goes":  {[]string{forum, renamed(t)}, 2, "**forum-dev**: 5 stacks change, 5 findings.", ""},
	} {
		var out, complaints strings.Builder
		status := execute(test.args, &out, &complaints)
		if status != test.status || !strings.HasPrefix(out.String(), test.out) || (test.out == "") != (out.String() == "") {
			t.Errorf("%s: status %d, want %d, and %q, want %q", name, status, test.status, out.String(), test.out)
		}
		if !strings.Contains(complaints.String(), test.complaint) || (test.complaint == "") != (complaints.String() == "") {
			t.Errorf("%s: complains %q, want %q", name, complaints.String(), test.complaint)
		}
	}
}
