package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/stacks/controls"
	"example.com/strangler/stacks/template"
	"example.com/strangler/test/internal/assembly"
)

// guardOutput is what cfn-guard 3.1.1 writes of a template with a bucket, for two rules.
const guardOutput = `[{
	"name": "Edge.template.json", "status": "FAIL",
	"not_compliant": [{"Rule": {
		"name": "s3_bucket_default_encryption_kms_check",
		"messages": {"custom_message": null},
		"checks": [{"Rule": {
			"name": "check",
			"messages": {"custom_message": "\n [CT.S3.PR.10]: Require a key of KMS\n [FIX]: Set one.\n "},
			"checks": [{"Clause": {"Binary": {
				"messages": {"custom_message": "", "error_message": "not [/Resources/Other/Properties]"},
				"check": {"InResolved": {
					"from": {"path": "/Resources/AccessLogs8B62/Properties/BucketEncryption", "value": "AES256"},
					"to": [{"path": "/Resources/Other/Properties", "value": "aws:kms"}, {"path": "", "value": "aws:kms:dsse"}]
				}}
			}}}]
		}}]
	}}],
	"not_applicable": ["s3_bucket_default_encryption_kms_check", "s3_lifecycle_policy_check"],
	"compliant": ["s3_lifecycle_policy_check"]
}]`

// bare are the choices of an environment whose templates have no load balancer.
var bare = []controls.Choice{controls.NoDomain, controls.NoFirewall, controls.NotProtected}

// edge is the assembly of that template.
func edge() *assembly.Assembly {
	stack := &assembly.Stack{ID: "Edge", Template: template.Template{File: "Edge.template.json"}, Resources: []assembly.Resource{
		{LogicalID: "AccessLogs8B62", Path: "shop-dev/Edge/AccessLogs/Resource"},
		{LogicalID: "Unknown1"},
	}}
	return &assembly.Assembly{Stages: []*assembly.Stage{{Name: "shop-dev", Stacks: []*assembly.Stack{stack}}}}
}

func TestReadGuard(t *testing.T) {
	o, err := readGuard([]byte(guardOutput), edge(), 2)
	require.NoError(t, err)
	assert.Equal(t, []Finding{{"CT.S3.PR.10", "shop-dev/Edge/AccessLogs/Resource", "Require a key of KMS [FIX]: Set one."}}, o.Findings)
	assert.Equal(t, []Stage{{Name: "shop-dev", Choices: bare}}, o.Stages)
}

func TestReadGuardRefusesWhatItCannotRead(t *testing.T) {
	nothingApplies := `[{"name": "Edge.template.json", "status": "SKIP", "not_applicable": ["a", "b"]}]`
	for name, c := range map[string]struct{ old, new, want string }{
		"nothing":            {guardOutput, "", "JSON"},
		"no reports":         {guardOutput, "[]", "no report of Edge"},
		"another template":   {"Edge.template", "Data.template", "no report of Edge"},
		"no rules":           {guardOutput, `[{"name": "Edge.template.json", "status": "PASS"}]`, "0 of 2 rules"},
		"fewer rules":        {"s3_lifecycle_policy_check", "s3_bucket_default_encryption_kms_check", "1 of 2 rules"},
		"nothing applies":    {guardOutput, nothingApplies, "no rule applies"},
		"another list":       {`"not_compliant"`, `"failed"`, `status is "FAIL" with 0 rules broken`},
		"another status":     {`"FAIL"`, `"ERROR"`, `status is "ERROR" with 1 rules broken`},
		"another message":    {"custom_message", "message", "want one message"},
		"another wording":    {"[CT.S3.PR.10]", "CT.S3.PR.10", "want one message"},
		"two messages":       {`"custom_message": ""`, `"custom_message": "[CT.S3.PR.2]: Require a log"`, "want one message"},
		"another path":       {`"path"`, `"location"`, "names no resource"},
		"no such resource":   {"AccessLogs8B62", "Gone1", "names Gone1"},
		"no construct's own": {"AccessLogs8B62", "Unknown1", "names Unknown1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readGuard([]byte(strings.ReplaceAll(guardOutput, c.old, c.new)), edge(), 2)
			wantError(t, err, c.want)
		})
	}
}

func TestRunGuard(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"no rule is broken":  {"echo '[]'", ""},
		"a rule is broken":   {"echo '[]'; exit 19", ""},
		"it breaks down":     {"exit 5", "exit status 5"},
		"a file is left out": {"echo '[]'; echo Parsing error >&2", "Parsing error"},
		"both in one run":    {"echo Parsing error >&2; exit 19", "Parsing error"},
	} {
		t.Run(name, func(t *testing.T) {
			binary := filepath.Join(t.TempDir(), "cfn-guard")
			require.NoError(t, os.WriteFile(binary, []byte("#!/bin/sh\n"+c.script+"\n"), 0o700))
			_, err := runGuard(binary, nil)
			wantError(t, err, c.want)
		})
	}
}

func TestCountRules(t *testing.T) {
	_, err := countRules(t.TempDir())
	wantError(t, err, "no rules")
	_, err = countRules(filepath.Join(t.TempDir(), "missing"))
	wantError(t, err, "missing")
}
