package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/stacks/template"
	"example.com/strangler/test/internal/assembly"
)

// What cdk-nag 2.35 writes about a stack.
const (
	nagAnnotations = `{"/shop-dev/Orders/Role/Resource": [
		{"type": "aws:cdk:logicalId", "data": "Role1"},
		{"type": "aws:cdk:analytics:construct", "data": {"name": "*"}},
		{"type": "aws:cdk:error", "data": "AwsSolutions-IAM5[Resource::*]: The IAM entity contains wildcard permissions.\n"}
	]}`
	nagLines = `{"lines": [
		{"ruleId": "AwsSolutions-IAM5", "resourceId": "shop-dev/Orders/Role/Resource", "compliance": "Non-Compliant"},
		{"ruleId": "AwsSolutions-IAM4", "resourceId": "shop-dev/Orders/Role/Resource", "compliance": "Compliant"}
	]}`
)

func readNagOf(t *testing.T, annotations, lines string) (Opinion, error) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"Orders1.metadata.json":                       annotations,
		"AwsSolutions-shop-dev-Orders-NagReport.json": lines,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	stack := &assembly.Stack{ID: "Orders", Template: template.Template{File: filepath.Join(folder, "Orders1.template.json")}}
	return readNag(folder, &assembly.Assembly{Stages: []*assembly.Stage{{Name: "shop-dev", Stacks: []*assembly.Stack{stack}}}})
}

func TestReadNag(t *testing.T) {
	o, err := readNagOf(t, nagAnnotations, nagLines)
	require.NoError(t, err)
	assert.Equal(t,
		[]Finding{
			{"AwsSolutions-IAM5[Resource::*]", "shop-dev/Orders/Role/Resource", "The IAM entity contains wildcard permissions."},
		}, o.Findings)
	assert.Equal(t, []Stage{{Name: "shop-dev", Choices: bare}}, o.Stages)
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
