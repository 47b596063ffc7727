package assembly

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/stacks/template"
)

func TestResolve(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		{`"text"`, `"text"`},
		{`{"Ref": "Topic"}`, `"${Tools.Topic}"`},
		{`{"Ref": "Stage"}`, `"${Tools.Stage}"`},
		{`{"Ref": "Topic", "Fn::Sub": "x"}`, `{"Ref": "Topic", "Fn::Sub": "x"}`},
		{`{"Fn::GetAtt": ["Topic", "Arn"]}`, `"${Tools.Topic.Arn}"`},
		{`{"Fn::GetAtt": "Topic.Endpoint.Address"}`, `"${Tools.Topic.Endpoint.Address}"`},
		{`{"Fn::Join": ["-", ["a", 1, true, {"Ref": "Topic"}]]}`, `"a-1-true-${Tools.Topic}"`},
		{`{"Fn::Join": [",", {"Fn::Split": ["|", "a|b"]}]}`, `"a,b"`},
		{`{"Fn::Join": ["", ["a", {"Ref": "AWS::NoValue"}, "b"]]}`, `"ab"`},
		{`{"Fn::Sub": "${Topic}/${Topic.Arn}/${!Topic}/${AWS::Region}"}`, `"${Tools.Topic}/${Tools.Topic.Arn}/${Topic}/eu-west-1"`},
		{`{"Fn::Sub": ["${Name}-${Topic}", {"Name": {"Ref": "Stage"}}]}`, `"${Tools.Stage}-${Tools.Topic}"`},
		{`{"Fn::Select": [1, ["a", "b"]]}`, `"b"`},
		{`{"Fn::Select": ["1", {"Fn::GetAZs": ""}]}`, `"eu-west-1b"`},
		{`{"Fn::Select": [0, {"Fn::GetAZs": {"Ref": "AWS::Region"}}]}`, `"eu-west-1a"`},
		{`{"Fn::Select": [2, {"Fn::Split": [":", "a:b:c"]}]}`, `"c"`},
		{`{"Fn::Select": [1, {"Fn::Split": ["||", {"Fn::Join": ["||", [{"Ref": "Topic"}, {"Ref": "Stage"}]]}]}]}`, `"${Tools.Stage}"`},
		{`{"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "Topic"}]}]}`, `"${Fn::Select(1, Fn::Split(/, ${Tools.Topic}))}"`},
		{`{"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "cpu"]}`, `256`},
		{`{"A": {"Ref": "AWS::NoValue"}, "B": [{"Ref": "AWS::NoValue"}]}`, `{"B": []}`},
		{`{"Ref": "AWS::AccountId"}`, `"${AWS::AccountId}"`},
		{`{"Ref": "AWS::Partition"}`, `"aws"`},
		{`{"Ref": "AWS::URLSuffix"}`, `"amazonaws.com"`},
		{`{"Ref": "AWS::StackName"}`, `"tools"`},
		{`{"Ref": "AWS::StackId"}`, `"${Tools.AWS::StackId}"`},
	} {
		got, err := tools().resolve("Value", parse(t, test.value))
		require.NoError(t, err, test.value)
		assert.Equal(t, parse(t, test.want), got, test.value)
	}
}

func TestResolveRefuses(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		{`{"Ref": "Nothing"}`, `the template has no "Nothing"`},
		{`{"Ref": ["Topic"]}`, "Ref cannot take"},
		{`{"Ref": "AWS::NotificationARNs"}`, "AWS::NotificationARNs is not supported"},
		{`{"Fn::GetAtt": ["Stage", "Arn"]}`, `no resource "Stage"`},
		{`{"Fn::GetAtt": "Topic"}`, "Fn::GetAtt cannot take"},
		{`{"Fn::Sub": "${Nothing}"}`, `no "Nothing"`},
		{`{"Fn::Sub": "${Nothing.Arn}"}`, `no resource "Nothing"`},
		{`{"Fn::Sub": ["${List}", {"List": ["a"]}]}`, "Fn::Sub cannot take"},
		{`{"Fn::Sub": 1}`, "Fn::Sub cannot take"},
		{`{"Fn::Join": ["", "text"]}`, "Fn::Join cannot take"},
		{`{"Fn::Join": ["", [["a"]]]}`, "Fn::Join cannot take"},
		{`{"Fn::Join": ["", {"Fn::Split": ["/", {"Ref": "Topic"}]}]}`, "Fn::Join cannot take"},
		{`{"Fn::Select": [2, ["a", "b"]]}`, "finds no element 2"},
		{`{"Fn::Select": ["x", ["a", "b"]]}`, "Fn::Select cannot take"},
		{`{"Fn::Split": ["", "a"]}`, "Fn::Split cannot take"},
		{`{"Fn::FindInMap": ["Sizes", "eu-west-1", "memory"]}`, "finds nothing"},
		{`{"Fn::ImportValue": "gone"}`, `no stack exports "gone"`},
		{`{"Fn::GetStackOutput": {"StackName": "gone", "OutputName": "o"}}`, `stack "gone" has no output "o"`},
		{`{"Fn::GetStackOutput": "o"}`, "Fn::GetStackOutput cannot take"},
		{`{"Fn::Transform": {}}`, "Fn::Transform is not supported"},
		{`[{"Deep": {"Fn::Cidr": []}}]`, "Value[0].Deep: Fn::Cidr is not supported"},
	} {
		_, err := tools().resolve("Value", parse(t, test.value))
		assert.ErrorContains(t, err, test.want, test.value)
	}
}

func TestPseudoParametersFollowTheRegion(t *testing.T) {
	for region, want := range map[string][3]string{
		"":              {"${AWS::Region}", "${AWS::Partition}", "${AWS::URLSuffix}"},
		"eu-west-1":     {"eu-west-1", "aws", "amazonaws.com"},
		"cn-north-1":    {"cn-north-1", "aws-cn", "amazonaws.com.cn"},
		"us-gov-east-1": {"us-gov-east-1", "aws-us-gov", "amazonaws.com"},
	} {
		r := tools()
		r.stack.Region = region
		for i, name := range []string{"AWS::Region", "AWS::Partition", "AWS::URLSuffix"} {
			got, err := r.resolve("", map[string]any{"Ref": name})
			require.NoError(t, err, "%s in region %q", name, region)
			assert.Equal(t, want[i], got, "%s in region %q", name, region)
		}
	}
}

func tools() *resolver {
	parsed, err := template.Parse("Tools.template.json", []byte(`{
		"Parameters": {"Stage": {"Type": "String"}},
		"Mappings": {"Sizes": {"eu-west-1": {"cpu": 256}}},
		"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}
	}`))
	if err != nil {
		panic(err)
	}
	stack := &Stack{ID: "Tools", Name: "tools", Region: "eu-west-1", Template: parsed}
	return &resolver{linker: &linker{}, stack: stack}
}

func parse(t *testing.T, text string) (value any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &value), text)
	return value
}
