package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"example.com/strangler/constructs"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/synth"
)

// nagged synthesizes the app with the cdk.json of a folder, and with cdk-nag's
// AwsSolutions as an aspect of each stage: one of the app would not reach into
// its stages.
//
// https://github.com/cdklabs/cdk-nag/blob/main/RULES.md#awssolutions
func nagged(source string) (Opinion, error) {
	shipped, err := synth.Shipped(source)
	if err != nil {
		return Opinion{}, err
	}
	read, err := stacks.Read(shipped.Context, shipped.Catalog)
	if err != nil {
		return Opinion{}, err
	}
	// The stack of delivery is in no stage, so no aspect reaches it.
	read.Delivery = nil
	images := constructs.StageImages(".", ".build", read.Catalog.All())
	if err := images.Wait(); err != nil {
		return Opinion{}, err
	}
	folder, err := os.MkdirTemp("", "strangler-nag-")
	if err != nil {
		return Opinion{}, err
	}
	defer os.RemoveAll(folder)
	context := maps.Clone(shipped.Context)
	// The findings are for compare to judge, not for synthesis to fail on.
	context["@aws-cdk/core:annotationsInValidationReport"] = false
	context["aws:cdk:disable-asset-staging"] = true
	app := stacks.NewApp(awscdk.AppProps{Context: &context, Outdir: &folder, AnalyticsReporting: jsii.Bool(false)})
	pack := cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{
		ReportFormats: &[]cdknag.NagReportFormat{cdknag.NagReportFormat_JSON},
	})
	for _, stage := range read.Compose(app, images) {
		awscdk.Aspects_Of(stage.Stage).Add(pack, nil)
	}
	if err := stacks.Synthesize(app); err != nil {
		return Opinion{}, err
	}
	a, err := assembly.Read(folder)
	if err != nil {
		return Opinion{}, err
	}
	return readNag(folder, a)
}

// nagReport is what cdk-nag says of a stack: a line for each rule and each
// resource that it applies to.
type nagReport struct {
	Lines []struct{ RuleID, ResourceID, Compliance string }
}

// readNag takes the findings from the annotations that cdk-nag leaves on
// constructs, which name each wildcard of a policy. Its reports show that rules were
// evaluated, and that every broken rule has an annotation.
func readNag(folder string, a *assembly.Assembly) (Opinion, error) {
	var o Opinion
	applied := 0
	for _, stage := range a.Stages {
		o.Stages = append(o.Stages, stageOf(stage))
		for _, stack := range stage.Stacks {
			findings, err := readAnnotations(strings.Replace(stack.File, ".template.json", ".metadata.json", 1))
			if err != nil {
				return Opinion{}, err
			}
			var report nagReport
			if err := readJSON(filepath.Join(folder, fmt.Sprintf("AwsSolutions-%s-%s-NagReport.json", stage.Name, stack.ID)), &report); err != nil {
				return Opinion{}, err
			}
			if err := report.agreesWith(findings); err != nil {
				return Opinion{}, err
			}
			o.Findings = append(o.Findings, findings...)
			applied += len(report.Lines)
		}
	}
	if applied == 0 {
		return Opinion{}, errors.New("nag: no rule applies to any resource")
	}
	return o, nil
}

// annotation is the text that cdk-nag adds to a construct, such as
// "AwsSolutions-IAM5[Resource::*]: The IAM entity ...".
var annotation = regexp.MustCompile(`^(AwsSolutions-\w+(?:\[.*?\])?): (.+)`)

// readAnnotations reads cdk-nag's annotations of a stack, in the order of its
// constructs. It skips those of the CDK and of the app.
func readAnnotations(name string) ([]Finding, error) {
	var constructs map[string][]struct{ Data any }
	if err := readJSON(name, &constructs); err != nil {
		return nil, err
	}
	var findings []Finding
	for _, path := range slices.Sorted(maps.Keys(constructs)) {
		for _, entry := range constructs[path] {
			text, _ := entry.Data.(string)
			if parts := annotation.FindStringSubmatch(oneLine(text)); parts != nil {
				findings = append(findings, Finding{Rule: parts[1], Construct: strings.TrimPrefix(path, "/"), Says: parts[2]})
			}
		}
	}
	return findings, nil
}

// agreesWith fails on a line that is neither compliant nor among the findings. The
// line of a rule that failed to run is such a line.
func (r nagReport) agreesWith(findings []Finding) error {
	for _, line := range r.Lines {
		found := slices.ContainsFunc(findings, func(f Finding) bool {
			rule, _, _ := strings.Cut(f.Rule, "[")
			return rule == line.RuleID && f.Construct == line.ResourceID
		})
		if line.Compliance != "Compliant" && (line.Compliance != "Non-Compliant" || !found) {
			return fmt.Errorf("nag: %s: %s is %q, and no annotation says why", line.ResourceID, line.RuleID, line.Compliance)
		}
	}
	return nil
}

func readJSON(name string, value any) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
