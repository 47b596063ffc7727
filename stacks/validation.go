package stacks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
)

// Synthesize writes the assembly and returns the findings of the CDK's validation of
// templates as an error. The CDK CLI would fail only for the stacks that its command
// line selects, and without a pattern it selects none of a stage's.
func Synthesize(app awscdk.App) error {
	return findings(filepath.Join(*app.Synth(nil).Directory(), "validation-report.json"))
}

// findings are the errors in a validation report. A report that is not there has none.
func findings(name string) error {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var report struct {
		PluginReports []struct {
			Conclusion string
			Violations []struct {
				RuleName, Description, Severity string
				ViolatingConstructs             []struct{ ConstructPath string }
			}
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var found []error
	for _, plugin := range report.PluginReports {
		if plugin.Conclusion == "success" {
			continue
		}
		for _, v := range plugin.Violations {
			if v.Severity == "warning" {
				continue
			}
			for _, construct := range v.ViolatingConstructs {
				found = append(found, fmt.Errorf("%s: %s (%s)", construct.ConstructPath, v.Description, v.RuleName))
			}
			if len(v.ViolatingConstructs) == 0 {
				found = append(found, fmt.Errorf("%s (%s)", v.Description, v.RuleName))
			}
		}
	}
	return errors.Join(found...)
}
