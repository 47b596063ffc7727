package template

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const text = `{
	"Parameters": {"Version": {"Type": "String"}},
	"Mappings": {"Region": {"eu-west-1": {"Zones": 3}}},
	"Resources": {
		"Table": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Delete",
			"Properties": {"TableName": {"Ref": "Version"}}, "DependsOn": ["Role", "Key"]},
		"Key": {"Type": "AWS::KMS::Key", "DependsOn": "Role", "Condition": "Encrypted"},
		"Role": {"Type": "AWS::IAM::Role"}
	},
	"Outputs": {
		"Name": {"Value": {"Ref": "Table"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}:Table"}}},
		"Arn": {"Value": "arn", "Condition": "Encrypted"}
	}
}`

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "assembly-shop-dev", "Data.template.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	got, err := Read(file)
	require.NoError(t, err)

	assert.Equal(t, file, got.File)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, written, got.Text)
	assert.Contains(t, got.Document, "Outputs")
	assert.Equal(t, "shop-dev", got.Stage())
	assert.Contains(t, got.Parameters, "Version")
	assert.Equal(t, map[string]any{"Zones": 3.0}, got.Mappings["Region"]["eu-west-1"])
	assert.Equal(t, []Resource{
		{LogicalID: "Key", Type: "AWS::KMS::Key", DependsOn: []string{"Role"}, Condition: "Encrypted"},
		{LogicalID: "Role", Type: "AWS::IAM::Role"},
		{
			LogicalID: "Table", Type: "AWS::DynamoDB::Table", Properties: map[string]any{"TableName": map[string]any{"Ref": "Version"}},
			DependsOn: []string{"Role", "Key"}, DeletionPolicy: "Retain", UpdateReplacePolicy: "Delete",
		},
	}, got.Resources)
	assert.Equal(t, []Output{
		{LogicalID: "Arn", Value: "arn", Condition: "Encrypted"},
		{LogicalID: "Name", Value: map[string]any{"Ref": "Table"}, Export: map[string]any{"Fn::Sub": "${AWS::StackName}:Table"}},
	}, got.Outputs)
}

func TestResource(t *testing.T) {
	template, err := Parse("Data.template.json", []byte(text))
	require.NoError(t, err)
	role, ok := template.Resource("Role")
	assert.True(t, ok)
	assert.Equal(t, "AWS::IAM::Role", role.Type)
	_, ok = template.Resource("Rule")
	assert.False(t, ok)
}

func TestErrors(t *testing.T) {
	_, err := Read(filepath.Join(t.TempDir(), "gone.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
	for name, text := range map[string]string{
		"no JSON":                      `{`,
		"a list":                       `[]`,
		"resources in a list":          `{"Resources": []}`,
		"a dependency without a name":  `{"Resources": {"A": {"DependsOn": 1}}}`,
		"a dependency of another kind": `{"Resources": {"A": {"DependsOn": [{"Ref": "B"}]}}}`,
	} {
		_, err := Parse("Data.template.json", []byte(text))
		assert.ErrorContains(t, err, "Data.template.json: ", name)
	}
}
