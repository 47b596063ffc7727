package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/test/internal/assembly"
)

// What cdk-nag 2.35 leaves of a stack.
const (
	nagAnnotations = `{"/forum-dev/Users/Role/Resource": [
		{"type": "aws:cdk:logicalId", "data": "Role1"},
		{"type": "aws:cdk:analytics:construct", "data": {"name": "*"}},
		{"type": "aws:cdk:error", "data": "AwsSolutions-IAM5[Resource::*]: The IAM entity contains wildcard permissions.\n"}
	]}`
	nagLines = `{"lines": [
		{"ruleId": "AwsSolutions-IAM5", "resourceId": "forum-dev/Users/Role/Resource", "compliance": "Non-Compliant"},
		{"ruleId": "AwsSolutions-IAM4", "resourceId": "forum-dev/Users/Role/Resource", "compliance": "Compliant"}
	]}`
)

func readNagOf(t *testing.T, annotations, lines string) (Opinion, error) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"Users1.metadata.json":                        annotations,
		"AwsSolutions-forum-dev-Users-NagReport.json": lines,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stack := &assembly.Stack{ID: "Users", File: filepath.Join(folder, "Users1.template.json")}
	return readNag(folder, &assembly.Assembly{Stages: []*assembly.Stage{{Name: "forum-dev", Stacks: []*assembly.Stack{stack}}}})
}

func TestReadNag(t *testing.T) {
	o, err := readNagOf(t, nagAnnotations, nagLines)
	want := []Finding{{"AwsSolutions-IAM5[Resource::*]", "forum-dev/Users/Role/Resource", "The IAM entity contains wildcard permissions."}}
	if err != nil || !slices.Equal(o.Findings, want) || !slices.Equal(o.Stages, []string{"forum-dev"}) {
		t.Errorf("got %v, %v, want %v", o, err, want)
	}
}

func TestReadNagRefusesWhatItCannotRead(t *testing.T) {
	for name, c := range map[string]struct{ annotations, lines, want string }{
		"no rules":             {nagAnnotations, `{"lines": []}`, "no rule applies"},
		"other reports":        {nagAnnotations, `{"findings": [{"ruleId": "AwsSolutions-IAM5"}]}`, "no rule applies"},
		"other lines":          {nagAnnotations, strings.ReplaceAll(nagLines, "compliance", "result"), `is ""`},
		"no report":            {nagAnnotations, "", "JSON"},
		"other annotations":    {strings.ReplaceAll(nagAnnotations, "AwsSolutions-IAM5", "Solutions/IAM5"), nagLines, "no annotation"},
		"an annotation less":   {`{}`, nagLines, "no annotation"},
		"a rule that broke":    {nagAnnotations, strings.Replace(nagLines, `"Compliant"`, `"UNKNOWN"`, 1), `"UNKNOWN"`},
		"a suppression of old": {nagAnnotations, strings.Replace(nagLines, "Non-Compliant", "Suppressed", 1), `"Suppressed"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readNagOf(t, c.annotations, c.lines)
			wantError(t, err, c.want)
		})
	}
}
