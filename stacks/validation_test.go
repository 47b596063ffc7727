package stacks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/jsii-runtime-go"
)

func TestMain(m *testing.M) {
	status := m.Run()
	jsii.Close() // the CDK's library starts its runtime before the tests begin
	os.Exit(status)
}

// Each finding of a plugin but a warning is an error, also a finding without a
// construct, such as a stale exception.
func TestFindings(t *testing.T) {
	report := func(violation string) string {
		return `{"pluginReports": [{"conclusion": "success"}, {"conclusion": "failure", "violations": [` + violation + `]}]}`
	}
	for name, test := range map[string]struct{ report, want string }{
		"of a construct": {
			report(`{"ruleName": "ECS.5", "description": "it writes", "violatingConstructs": [{"constructPath": "a/b"}]}`), "a/b: it writes (ECS.5)",
		},
		"of two": {
			report(`{"ruleName": "X", "description": "d", "violatingConstructs": [{"constructPath": "a"}, {"constructPath": "b"}]}`),
			"a: d (X)\nb: d (X)",
		},
		"of none": {
			report(`{"ruleName": "house-rules", "description": "a stale exception", "violatingConstructs": []}`), "a stale exception (house-rules)",
		},
		"a warning": {report(`{"ruleName": "X", "severity": "warning", "violatingConstructs": [{"constructPath": "a"}]}`), ""},
		"no report": {"", ""},
		"no JSON":   {"{", "unexpected end of JSON"},
	} {
		file := filepath.Join(t.TempDir(), "validation-report.json")
		if test.report != "" {
			if err := os.WriteFile(file, []byte(test.report), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		err := findings(file)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
