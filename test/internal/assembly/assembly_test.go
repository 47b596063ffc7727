package assembly

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, dir, stage string) *Stage {
	t.Helper()
	a, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := a.Stage(stage)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func stack(t *testing.T, s *Stage, id string) *Stack {
	t.Helper()
	stack, ok := s.Stack(id)
	if !ok {
		t.Fatalf("no stack %s", id)
	}
	return stack
}

// changed is a copy of the forum's assembly with one text replaced in one file.
func changed(t *testing.T, file, old, new string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/forum")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), old) {
		t.Fatalf("%s does not contain %s", file, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(content), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestReadFindsStagesAndStacks(t *testing.T) {
	a, err := Read("testdata/forum")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, stage := range a.Stages {
		for _, stack := range stage.Stacks {
			got = append(got, stage.Name+"/"+stack.ID)
		}
	}
	want := []string{"/Tools", "forum-dev/Data", "forum-dev/Monolith", "forum-dev/Edge", "forum-dev/Users", "forum-dev/Backup"}
	if !slices.Equal(got, want) {
		t.Errorf("stacks %v, want %v", got, want)
	}
	if region := a.Stages[0].Stacks[0].Region; region != "" {
		t.Errorf("Tools is in region %q, want it open", region)
	}
	if _, err := a.Stage("forum-prod"); err == nil || !strings.Contains(err.Error(), `no stage "forum-prod": want one of`) {
		t.Errorf("got %v, want an error that lists the stages", err)
	}
}

func TestReadIsDeterministic(t *testing.T) {
	first := read(t, "testdata/forum", "forum-dev")
	for range 10 {
		if again := read(t, "testdata/forum", "forum-dev"); !reflect.DeepEqual(again, first) {
			t.Fatal("two reads of one assembly differ")
		}
	}
}

func TestAppWithoutStacksOfItsOwn(t *testing.T) {
	a, err := Read(changed(t, "manifest.json", `"type": "aws:cloudformation:stack"`, `"type": "cdk:tree"`))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Stages) != 1 || a.Stages[0].Name != "forum-dev" {
		t.Errorf("%d stages, want forum-dev alone", len(a.Stages))
	}
}

func TestStack(t *testing.T) {
	s := read(t, "testdata/forum", "forum-dev")
	users, data := stack(t, s, "Users"), stack(t, s, "Data")
	if users.Name != "forum-dev-Users" || users.Account != "" || users.Region != "eu-west-1" || users.TerminationProtection {
		t.Errorf("Users: %s in account %q and region %q", users.Name, users.Account, users.Region)
	}
	if data.Account != "111122223333" || !data.TerminationProtection {
		t.Errorf("Data: account %q, termination protection %t", data.Account, data.TerminationProtection)
	}
	if want := []string{"Data", "Edge", "Monolith"}; !slices.Equal(users.Dependencies, want) {
		t.Errorf("Users depends on %v, want %v", users.Dependencies, want)
	}
	if file, err := os.ReadFile(users.File); err != nil || !slices.Equal(file, users.Text) {
		t.Errorf("the template is not the file's content: %v", err)
	}
	if _, ok := users.Document["Parameters"]; !ok {
		t.Error("the document has no parameters")
	}
	live, _ := users.Resource("Live")
	if live.Path != "forum-dev/Users/Live/Resource" || live.Identity() != "${Users.Live}" {
		t.Errorf("Live: path %q, identity %q", live.Path, live.Identity())
	}
	if group, _ := users.Resource("Group"); group.Path != "" {
		t.Errorf("Group: path %q, want none", group.Path)
	}
	table, _ := s.Resource("${Data.UsersTable}")
	if table.DeletionPolicy != "Retain" || table.UpdateReplacePolicy != "Retain" {
		t.Errorf("UsersTable: deletion %q, replacement %q", table.DeletionPolicy, table.UpdateReplacePolicy)
	}
	if _, ok := s.Resource("${Data.Nothing}"); ok {
		t.Error("found a resource that nothing declares")
	}
}

func TestOneIdentityWhateverTheReference(t *testing.T) {
	s := read(t, "testdata/forum", "forum-dev")
	data := stack(t, s, "Data")
	direct := data.Outputs[slices.IndexFunc(data.Outputs, func(o *Output) bool { return o.ID == "PublishUsersTable" })].Value
	imported, _ := s.Resource("${Monolith.Catalogue}")
	weak := s.TaskDefinitions[0].Containers[0].Environment["USERS_TABLE"]
	for how, got := range map[string]any{"Ref": direct, "ImportValue": imported.Properties["Value"], "GetStackOutput": weak} {
		if got != "${Data.UsersTable}" {
			t.Errorf("%s resolves to %v, want ${Data.UsersTable}", how, got)
		}
	}
}

func TestOutputsKnowTheirReaders(t *testing.T) {
	want := []Output{
		{ID: "ExportUsersTable", Value: "${Data.UsersTable}", Export: "forum-dev-Data:UsersTable", ReadBy: []string{"Monolith"}},
		{ID: "PublishUsersTable", Value: "${Data.UsersTable}", ReadBy: []string{"Users"}},
		{ID: "PublishUsersTableArn", Value: "${Data.UsersTable.Arn}", ReadBy: []string{"Backup", "Users"}},
	}
	for i, got := range stack(t, read(t, "testdata/forum", "forum-dev"), "Data").Outputs {
		if !reflect.DeepEqual(*got, want[i]) {
			t.Errorf("got %+v, want %+v", *got, want[i])
		}
	}
}

func TestResourcesByType(t *testing.T) {
	s := read(t, "testdata/forum", "forum-dev")
	var got []string
	for r := range s.Resources("AWS::DynamoDB::Table", "AWS::ECS::Service", "AWS::ElasticLoadBalancingV2::TargetGroup") {
		got = append(got, r.Identity())
	}
	want := []string{"${Data.AuditTable}", "${Monolith.Group}", "${Users.Group}", "${Users.Service}"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for r := range s.Resources() {
		if r.LogicalID != "AuditTable" {
			t.Errorf("the first resource is %s, want AuditTable", r.LogicalID)
		}
		break
	}
}

func TestReadRefuses(t *testing.T) {
	const (
		dev      = "assembly-forum-dev/"
		manifest = dev + "manifest.json"
		data     = dev + "forumdevData4.template.json"
		edge     = dev + "forumdevEdge3.template.json"
		monolith = dev + "forumdevMonolith2.template.json"
		users    = dev + "forumdevUsers1.template.json"
	)
	for _, test := range []struct {
		name, file, old, new string
		want                 []string
	}{
		{
			"missing export", monolith, `"Name": "forum-dev-Monolith:Group"`, `"Name": "other"`,
			[]string{"stack Users: resource Live: Actions[0].ForwardConfig.TargetGroups[1].TargetGroupArn", `no stack exports "forum-dev-Monolith:Group"`},
		},
		{
			"missing output", data, `"PublishUsersTable":`, `"Other":`,
			[]string{"stack Users: resource Task: ContainerDefinitions[0].Environment[0].Value", `stack "forum-dev-Data" has no output "PublishUsersTable"`},
		},
		{
			"place in a policy", data, `"PublishUsersTableArn":`, `"Other":`,
			[]string{"stack Users: resource TaskPolicy: PolicyDocument.Statement[0].Resource[0]"},
		},
		{
			"every resource at once", edge, `"PublishListener":`, `"Other":`,
			[]string{"stack Users: resource Live: ListenerArn", "stack Users: resource Preview: ListenerArn"},
		},
		{
			"every stack at once", data, `"PublishUsersTableArn":`, `"Other":`,
			[]string{"stack Users: resource TaskPolicy", "stack Backup: resource Selection"},
		},
		{
			"missing stack", users, `"StackName": "forum-dev-Edge"`, `"StackName": "forum-dev-Front"`,
			[]string{"stack Users: resource Preview: ListenerArn", `stack "forum-dev-Front" has no output`},
		},
		{
			"reference to nothing", users, `{"Ref": "Task"}`, `{"Ref": "Tsak"}`,
			[]string{"stack Users: resource Service: TaskDefinition", `the template has no "Tsak"`},
		},
		{
			"attribute of nothing", users, `["Service", "Name"]`, `["Servant", "Name"]`,
			[]string{"stack Users: resource Scaling: ResourceId", `no resource "Servant"`},
		},
		{
			"attribute of a parameter", users, `["Service", "Name"]`, `["BootstrapVersion", "Name"]`,
			[]string{`no resource "BootstrapVersion"`},
		},
		{
			"substitution of nothing", data, `${AWS::StackName}`, `${Stack}`,
			[]string{"stack Data: output ExportUsersTable: Export.Name", `no "Stack"`},
		},
		{
			"dependency on nothing", users, `"DependsOn": "Service"`, `"DependsOn": "Servant"`,
			[]string{"stack Users: resource Live: DependsOn", `no "Servant"`},
		},
		{
			"unknown intrinsic", users, `"Cluster": "forum"`, `"Cluster": {"Fn::If": ["A", "b", "c"]}`,
			[]string{"stack Users: resource Service: Cluster", "Fn::If is not supported"},
		},
		{
			"malformed intrinsic", users, `"Cluster": "forum"`, `"Cluster": {"Fn::Select": ["x"]}`,
			[]string{"stack Users: resource Service: Cluster", "Fn::Select cannot take"},
		},
		{
			"conditional resource", users, `"DependsOn": "Service"`, `"Condition": "IsProd"`,
			[]string{"stack Users: resource Live", "condition IsProd"},
		},
		{
			"conditional output", data, `"PublishUsersTable": {`, `"PublishUsersTable": {"Condition": "IsProd", `,
			[]string{"stack Data: output PublishUsersTable", "condition IsProd"},
		},
		{
			"export taken", monolith, `"Name": "forum-dev-Monolith:Group"`, `"Name": "forum-dev-Data:UsersTable"`,
			[]string{"stack Monolith: output ExportGroup", `"forum-dev-Data:UsersTable" is already exported by forum-dev-Data`},
		},
		{
			"cycle of resources", users, `"Priority": 100,`, `"Priority": {"Fn::GetAtt": ["Service", "Priority"]},`,
			[]string{"stack Users: cycle: Service → Preview → Service"},
		},
		{
			"cycle of stacks", manifest, `"dependencies": ["forumdevData4"]`, `"dependencies": ["forumdevUsers1"]`,
			[]string{"cycle: forumdevUsers1 → forumdevMonolith2 → forumdevUsers1"},
		},
		{
			"cycle of outputs", data, `"PublishUsersTable": {"Value": {"Ref": "UsersTable"}}`,
			`"PublishUsersTable": {"Value": {"Fn::GetStackOutput": {"StackName": "forum-dev-Data", "OutputName": "PublishUsersTable"}}}`,
			[]string{"stack Data: output PublishUsersTable: cycle"},
		},
		{
			"two stacks with one ID", manifest, `"displayName": "forum-dev/Edge"`, `"displayName": "forum-dev/x/Data"`,
			[]string{`stage "forum-dev" has two stacks with the ID Data`},
		},
		{
			"regular expression", users, `"PathPatternConfig": {"Values"`, `"PathPatternConfig": {"RegexValues"`,
			[]string{"stack Users: resource Preview", "RegexValues"},
		},
		{
			"rule transform", users, `"Priority": 100,`, `"Priority": 100, "Transforms": [],`,
			[]string{"stack Users: resource Preview", "Transforms"},
		},
		{
			"stickiness", users, `"ForwardConfig": {`, `"ForwardConfig": {"TargetGroupStickinessConfig": {"Enabled": true},`,
			[]string{"stack Users: resource Live", "TargetGroupStickinessConfig"},
		},
		{
			"unknown condition", users, `"Field": "source-ip"`, `"Field": "phase-of-moon"`,
			[]string{"stack Users: resource Preview: Conditions[2]", `condition "phase-of-moon" is not supported`},
		},
		{
			"two actions", users, `[{"Type": "forward",`, `[{"Type": "forward"}, {"Type": "forward",`,
			[]string{"stack Users: resource Preview: Actions: 2 actions"},
		},
		{
			"unknown action", users, `[{"Type": "forward",`, `[{"Type": "authenticate-oidc",`,
			[]string{"stack Users: resource Preview: Actions", `action "authenticate-oidc" is not supported`},
		},
		{
			"property of another type", users, `"Cpu": "256"`, `"Cpu": "much"`,
			[]string{"stack Users: resource Task"},
		},
		{"broken template", users, `{`, ``, []string{"forumdevUsers1.template.json"}},
		{"missing template", manifest, `"forumdevUsers1.template.json"`, `"gone.json"`, []string{"gone.json"}},
		{"missing nested assembly", "manifest.json", `"directoryName": "assembly-forum-dev"`, `"directoryName": "gone"`, []string{"gone"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(changed(t, test.file, test.old, test.new))
			if err == nil {
				t.Fatal("read without an error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q:\n%v", want, err)
				}
			}
		})
	}
	if _, err := Read(t.TempDir()); err == nil {
		t.Error("read an empty folder")
	}
}
