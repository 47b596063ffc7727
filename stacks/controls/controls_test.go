package controls

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// snapshots are the templates of the environment that ships, as the tests of the
// app keep them.
const snapshots = "../../test/testdata/forum-dev"

// asDev is what the shipped environment chooses.
var asDev = Choices{"forum-dev": {NoDomain, NoFirewall, NotProtected}}

func shipped(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(snapshots, "*.template.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no snapshots in %s: %v", snapshots, err)
	}
	texts := map[string][]byte{}
	for _, file := range files {
		if texts[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return texts
}

func parse(t *testing.T, texts map[string][]byte) []Template {
	t.Helper()
	var templates []Template
	for file, text := range texts {
		template, err := Parse(file, text)
		if err != nil {
			t.Fatal(err)
		}
		templates = append(templates, template)
	}
	return templates
}

func TestShippedTemplatesKeepEveryControl(t *testing.T) {
	findings, err := Check(parse(t, shipped(t)), asDev, Exceptions())
	if err != nil {
		t.Error(err)
	}
	for _, f := range findings {
		t.Errorf("%s of %s breaks %s: %s", f.Resource.LogicalID, f.Template, f.Control.ID, f.Control.Title)
	}
}

// mutants break one control each, in a resource of its type: the properties, or
// the resource itself.
var mutants = map[string]func(properties, resource map[string]any){
	"ECS.5":       firstContainer(func(c map[string]any) { c["ReadonlyRootFilesystem"] = false }),
	"ECS.20":      firstContainer(func(c map[string]any) { c["User"] = "0:0" }),
	"ECS.4":       firstContainer(func(c map[string]any) { c["Privileged"] = true }),
	"HOUSE.ECS.1": firstContainer(func(c map[string]any) { delete(c, "LinuxParameters") }),
	"CT.ECS.PR.7": firstContainer(func(c map[string]any) { delete(c, "Memory") }),
	"ECS.8": firstContainer(func(c map[string]any) {
		c["Environment"] = []any{map[string]any{"Name": "DB_PASSWORD", "Value": "hunter2"}}
	}),
	"ECS.9": firstContainer(func(c map[string]any) {
		delete(c["LogConfiguration"].(map[string]any)["Options"].(map[string]any), "mode")
	}),
	"CT.ECS.PR.4": func(p, _ map[string]any) { p["NetworkMode"] = "host" },
	"ECS.3":       func(p, _ map[string]any) { p["PidMode"] = "task" },
	"ECS.2": func(p, _ map[string]any) {
		p["NetworkConfiguration"].(map[string]any)["AwsvpcConfiguration"].(map[string]any)["AssignPublicIp"] = "ENABLED"
	},
	"ECS.10":      func(p, _ map[string]any) { p["PlatformVersion"] = "1.4.0" },
	"HOUSE.ECS.2": func(p, _ map[string]any) { p["EnableExecuteCommand"] = true },
	"HOUSE.IAM.1": func(p, _ map[string]any) {
		p["AssumeRolePolicyDocument"] = map[string]any{"Statement": []any{map[string]any{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": map[string]any{"Service": "ecs-tasks.amazonaws.com"}}}}
	},
	"HOUSE.IAM.2": func(p, _ map[string]any) { p["ManagedPolicyArns"] = []any{"arn:aws:iam::aws:policy/ReadOnlyAccess"} },
	"IAM.21":      firstStatement(func(s map[string]any) { s["Action"] = "dynamodb:*" }),
	"HOUSE.IAM.3": firstStatement(func(s map[string]any) { s["Action"], s["Resource"] = "dynamodb:GetItem", "*" }),
	"HOUSE.IAM.4": func(p, _ map[string]any) { p["TaskRoleArn"] = p["ExecutionRoleArn"] },
	"EC2.2":       nil, // see TestOneResourceServesAnother
	"EC2.6":       nil,
	"S3.5":        nil,
	"EC2.15":      func(p, _ map[string]any) { p["MapPublicIpOnLaunch"] = true },
	"EC2.18": func(p, _ map[string]any) {
		p["SecurityGroupIngress"] = []any{map[string]any{"CidrIp": "0.0.0.0/0", "Description": "SSH", "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}}
	},
	"HOUSE.EC2.1": func(p, _ map[string]any) {
		p["SecurityGroupEgress"] = []any{map[string]any{"CidrIp": "0.0.0.0/0", "Description": "anything", "IpProtocol": "-1"}}
	},
	"HOUSE.EC2.2": func(p, _ map[string]any) {
		delete(p["SecurityGroupEgress"].([]any)[0].(map[string]any), "Description")
	},
	"HOUSE.EC2.3":      firstStatement(func(s map[string]any) { s["Action"], s["Resource"] = "s3:*", "*" }),
	"ELB.12":           otherAttribute("routing.http.desync_mitigation_mode", "monitor"),
	"ELB.5":            otherAttribute("access_logs.s3.enabled", "false"),
	"ELB.6":            nil, // excepted too
	"ELB.16":           nil,
	"ELB.17":           func(p, _ map[string]any) { p["Protocol"], p["SslPolicy"] = "HTTPS", "ELBSecurityPolicy-2016-08" },
	"S3.8":             func(p, _ map[string]any) { delete(p, "PublicAccessBlockConfiguration") },
	"CT.S3.PR.7":       func(p, _ map[string]any) { delete(p, "BucketEncryption") },
	"S3.13":            func(p, _ map[string]any) { delete(p, "LifecycleConfiguration") },
	"CT.DYNAMODB.PR.2": func(p, _ map[string]any) { delete(p, "SSESpecification") },
	"ELB.4":            otherAttribute("routing.http.drop_invalid_header_fields.enabled", "false"),
	"ELB.1":            nil, // the environment that ships breaks it, and is excepted
	"DynamoDB.2":       firstReplica(func(r map[string]any) { delete(r, "PointInTimeRecoverySpecification") }),
	"DynamoDB.6":       firstReplica(func(r map[string]any) { r["DeletionProtectionEnabled"] = false }),
	"HOUSE.DynamoDB.1": func(_, r map[string]any) { delete(r, "DeletionPolicy") },
	"DynamoDB.1":       func(p, _ map[string]any) { p["BillingMode"] = "PROVISIONED" },
	"CloudWatch.15":    func(p, _ map[string]any) { delete(p, "AlarmActions") },
	"CloudWatch.16":    func(p, _ map[string]any) { delete(p, "RetentionInDays") },
	"SNS.1":            func(p, _ map[string]any) { delete(p, "KmsMasterKeyId") },
	"KMS.4":            func(p, _ map[string]any) { p["EnableKeyRotation"] = false },
	"ECS.12":           func(p, _ map[string]any) { p["ClusterSettings"].([]any)[0].(map[string]any)["Value"] = "disabled" },
}

func firstContainer(edit func(map[string]any)) func(p, _ map[string]any) {
	return func(p, _ map[string]any) { edit(p["ContainerDefinitions"].([]any)[0].(map[string]any)) }
}

func firstStatement(edit func(map[string]any)) func(p, _ map[string]any) {
	return func(p, _ map[string]any) {
		edit(p["PolicyDocument"].(map[string]any)["Statement"].([]any)[0].(map[string]any))
	}
}

func otherAttribute(key, value string) func(p, _ map[string]any) {
	return func(p, _ map[string]any) {
		for _, a := range p["LoadBalancerAttributes"].([]any) {
			if attribute := a.(map[string]any); attribute["Key"] == key {
				attribute["Value"] = value
			}
		}
	}
}

func firstReplica(edit func(map[string]any)) func(p, _ map[string]any) {
	return func(p, _ map[string]any) { edit(p["Replicas"].([]any)[0].(map[string]any)) }
}

// Every control finds its own mutant, and finds it alone.
func TestEveryControlHasItsMutant(t *testing.T) {
	for _, c := range All() {
		mutate, listed := mutants[c.ID]
		if !listed {
			t.Errorf("%s has no mutant", c.ID)
		}
		if mutate == nil {
			continue
		}
		texts := shipped(t)
		file, id := mutateOne(t, texts, c, mutate)
		findings, _ := Check(parse(t, texts), asDev, Exceptions())
		if len(findings) != 1 || findings[0].Control.ID != c.ID || findings[0].Resource.LogicalID != id || findings[0].Template != file {
			t.Errorf("%s: the mutant of %s in %s gives %v", c.ID, id, file, findings)
		}
	}
	if len(mutants) != len(All()) {
		t.Errorf("%d mutants for %d controls", len(mutants), len(All()))
	}
}

// What AWS lets nobody limit to a resource may be for all; whatever comes with it, or
// is more than that, may not.
func TestNameless(t *testing.T) {
	for _, c := range All() {
		if c.ID != "HOUSE.IAM.3" && c.ID != "HOUSE.EC2.3" {
			continue
		}
		for _, test := range []struct {
			action any
			holds  bool
		}{
			{"ecr:GetAuthorizationToken", true},
			{"xray:PutTraceSegments", true},
			{[]any{"xray:PutTraceSegments"}, true},
			{[]any{"xray:PutTraceSegments", "xray:GetTraceSummaries"}, false},
			{[]any{"xray:PutTraceSegments", "dynamodb:GetItem"}, false},
			{"xray:*", false},
			{"ecr:*", false},
			{nil, false},
		} {
			statement := map[string]any{"Effect": "Allow", "Action": test.action, "Resource": "*"}
			r := Resource{Properties: map[string]any{"PolicyDocument": map[string]any{"Statement": []any{statement}}}}
			if c.Holds(r, Template{}) != test.holds {
				t.Errorf("%s with %v on anything: want %v", c.ID, test.action, test.holds)
			}
		}
	}
}

// mutateOne edits the first resource of the control's type that is not excepted,
// of the app's own constructs.
func mutateOne(t *testing.T, texts map[string][]byte, c Control, mutate func(properties, resource map[string]any)) (file, id string) {
	t.Helper()
	for file, text := range texts {
		template, err := Parse(file, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range template.of(c.Type) {
			if strings.HasPrefix(r.LogicalID, "Custom") {
				continue // the CDK's own
			}
			var document map[string]any
			if err := json.Unmarshal(text, &document); err != nil {
				t.Fatal(err)
			}
			resource := document["Resources"].(map[string]any)[r.LogicalID].(map[string]any)
			mutate(resource["Properties"].(map[string]any), resource)
			if texts[file], err = json.Marshal(document); err != nil {
				t.Fatal(err)
			}
			return file, r.LogicalID
		}
	}
	t.Fatalf("%s: the templates have no %s", c.ID, c.Type)
	return "", ""
}

// What one resource needs another for is missed when that one goes.
func TestOneResourceServesAnother(t *testing.T) {
	for id, kind := range map[string]string{
		"EC2.2": "Custom::VpcRestrictDefaultSG",
		"EC2.6": "AWS::EC2::FlowLog",
		"S3.5":  "AWS::S3::BucketPolicy",
	} {
		texts := shipped(t)
		for file, text := range texts {
			texts[file] = bytes.ReplaceAll(text, []byte(`"`+kind+`"`), []byte(`"Custom::Other"`))
		}
		findings, _ := Check(parse(t, texts), asDev, Exceptions())
		if len(findings) != 1 || findings[0].Control.ID != id {
			t.Errorf("without a %s: %v", kind, findings)
		}
	}
}

// Without its exception a finding is there; an exception without a finding, or
// for another choice, is not quietly kept.
func TestExceptions(t *testing.T) {
	templates := parse(t, shipped(t))
	for i, e := range Exceptions() {
		if e.Reason == "" || !slices.ContainsFunc(All(), func(c Control) bool { return c.ID == e.Control }) {
			t.Errorf("%+v: want a reason and the ID of a control", e)
		}
		findings, err := Check(templates, asDev, slices.Delete(Exceptions(), i, i+1))
		if len(findings) != 1 || findings[0].Control.ID != e.Control || err != nil {
			t.Errorf("without the exception of %s: %v, %v", e.Control, findings, err)
		}
	}
	stale := Exception{"ECS.5", NoDomain, "Users", "it wrote to its disk once"}
	if _, err := Check(templates, asDev, append(Exceptions(), stale)); err == nil || !strings.Contains(err.Error(), "remove the exception") {
		t.Errorf("an exception that excepts nothing: %v", err)
	}
	elsewhere := Exception{"ECS.5", "no roof", "Users", "it writes to its disk there"}
	if _, err := Check(templates, asDev, append(Exceptions(), elsewhere)); err != nil {
		t.Errorf("an exception for a choice that no environment made: %v", err)
	}
}

// The README's table is the controls, in their order.
func TestReadmeListsTheControls(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for _, c := range All() {
		fmt.Fprintf(&rows, "| %s | %s |\n", c.ID, c.Title)
	}
	if !strings.Contains(string(readme), "| control | what holds |\n|---|---|\n"+rows.String()+"\n") {
		t.Errorf("README.md has another table, want:\n%s", rows.String())
	}
}
