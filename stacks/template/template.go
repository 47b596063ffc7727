// Package template reads CloudFormation templates as the CDK synthesizes them,
// with references as they are written.
package template

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Template is a CloudFormation template.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
type Template struct {
	// File is the template's path, Text its content, byte by byte, and Document the
	// same decoded.
	File     string
	Text     []byte
	Document map[string]any
	// Parameters are the template's parameters by their names.
	Parameters map[string]any
	// Mappings are the values by mapping, first key and second key.
	Mappings map[string]map[string]map[string]any
	// Resources and Outputs are in the order of their logical ids.
	Resources []Resource
	Outputs   []Output
}

// Resource is a resource of a template.
type Resource struct {
	LogicalID string
	// Type is CloudFormation's, such as "AWS::ECS::Service".
	Type string
	// Properties are as encoding/json decodes them.
	Properties map[string]any
	// DependsOn are the logical ids that the template names as such.
	DependsOn []string
	// Condition is the name of the condition under which the resource exists, and
	// empty without one.
	Condition string
	// DeletionPolicy and UpdateReplacePolicy are empty when the template leaves
	// them out, which means Delete for most types.
	DeletionPolicy, UpdateReplacePolicy string
}

// Output is an output of a template.
type Output struct {
	LogicalID string
	Value     any
	// Condition is the name of the condition under which the output exists, and
	// empty without one.
	Condition string
	// Export is the name under which other stacks import the value, which may hold
	// references, and nil without one.
	Export any
}

// Read reads a template's file.
func Read(file string) (Template, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Template{}, err
	}
	return Parse(file, text)
}

// Parse reads the text of a template. The file is its path, for errors and Stage.
// It fails on a text that is not the JSON of a template.
func Parse(file string, text []byte) (Template, error) {
	var parts struct {
		Parameters map[string]any
		Mappings   map[string]map[string]map[string]any
		Resources  map[string]struct {
			Type                string
			Properties          map[string]any
			DependsOn           ids
			Condition           string
			DeletionPolicy      string
			UpdateReplacePolicy string
		}
		Outputs map[string]struct {
			Value     any
			Condition string
			Export    struct{ Name any }
		}
	}
	t := Template{File: file, Text: text}
	if err := json.Unmarshal(text, &t.Document); err != nil {
		return Template{}, fmt.Errorf("%s: %w", file, err)
	}
	if err := json.Unmarshal(text, &parts); err != nil {
		return Template{}, fmt.Errorf("%s: %w", file, err)
	}
	t.Parameters, t.Mappings = parts.Parameters, parts.Mappings
	for _, id := range slices.Sorted(maps.Keys(parts.Resources)) {
		r := parts.Resources[id]
		t.Resources = append(t.Resources, Resource{
			LogicalID:           id,
			Type:                r.Type,
			Properties:          r.Properties,
			DependsOn:           r.DependsOn,
			Condition:           r.Condition,
			DeletionPolicy:      r.DeletionPolicy,
			UpdateReplacePolicy: r.UpdateReplacePolicy,
		})
	}
	for _, id := range slices.Sorted(maps.Keys(parts.Outputs)) {
		o := parts.Outputs[id]
		t.Outputs = append(t.Outputs, Output{LogicalID: id, Value: o.Value, Condition: o.Condition, Export: o.Export.Name})
	}
	return t, nil
}

// Resource returns the resource with that logical id.
func (t Template) Resource(logicalID string) (Resource, bool) {
	i, found := slices.BinarySearchFunc(t.Resources, logicalID, func(r Resource, id string) int {
		return cmp.Compare(r.LogicalID, id)
	})
	if !found {
		return Resource{}, false
	}
	return t.Resources[i], true
}

// Stage is the name of the CDK stage that the template belongs to, such as
// "shop-dev". The CDK gives each stage a folder of its own in the assembly.
func (t Template) Stage() string {
	return strings.TrimPrefix(filepath.Base(filepath.Dir(t.File)), "assembly-")
}

// ids is a DependsOn, which is one logical id or a list of them.
type ids []string

// UnmarshalJSON takes both forms.
func (s *ids) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*s = ids{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(s))
}
