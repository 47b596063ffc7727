package assembly

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func read(t *testing.T, dir, stage string) *Stage {
	t.Helper()
	a, err := Read(dir)
	require.NoError(t, err)
	s, err := a.Stage(stage)
	require.NoError(t, err)
	return s
}

func stack(t *testing.T, s *Stage, id string) *Stack {
	t.Helper()
	stack, ok := s.Stack(id)
	require.True(t, ok, "no stack %s", id)
	return stack
}

// changed returns a copy of the shop's assembly with one text replaced in one file.
func changed(t *testing.T, file, old, new string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/shop")))
	path := filepath.Join(dir, file)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(content), old, file)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(content), old, new, 1)), 0o600))
	return dir
}

func TestReadFindsStagesAndStacks(t *testing.T) {
	a, err := Read("testdata/shop")
	require.NoError(t, err)
	var got []string
	for _, stage := range a.Stages {
		for _, stack := range stage.Stacks {
			got = append(got, stage.Name+"/"+stack.ID)
		}
	}
	want := []string{"/Tools", "shop-dev/Data", "shop-dev/Monolith", "shop-dev/Edge", "shop-dev/Orders", "shop-dev/Backup"}
	assert.Equal(t, want, got)
	assert.Empty(t, a.Stages[0].Stacks[0].Region, "the region of Tools")
	_, err = a.Stage("shop-prod")
	assert.EqualError(t, err, `assembly: no stage "shop-prod": want one of , shop-dev`)
}

func TestReadIsDeterministic(t *testing.T) {
	first := read(t, "testdata/shop", "shop-dev")
	for range 10 {
		require.Equal(t, first, read(t, "testdata/shop", "shop-dev"))
	}
}

func TestAppWithoutStacksOfItsOwn(t *testing.T) {
	a, err := Read(changed(t, "manifest.json", `"type": "aws:cloudformation:stack"`, `"type": "cdk:tree"`))
	require.NoError(t, err)
	require.Len(t, a.Stages, 1)
	assert.Equal(t, "shop-dev", a.Stages[0].Name)
}

func TestStack(t *testing.T) {
	s := read(t, "testdata/shop", "shop-dev")
	orders, data := stack(t, s, "Orders"), stack(t, s, "Data")
	assert.Equal(t, "shop-dev-Orders", orders.Name)
	assert.Empty(t, orders.Account, "the account of Orders")
	assert.Equal(t, "eu-west-1", orders.Region)
	assert.False(t, orders.TerminationProtection, "Orders")
	assert.Equal(t, "111122223333", data.Account)
	assert.True(t, data.TerminationProtection, "Data")
	assert.Equal(t, []string{"Data", "Edge", "Monolith"}, orders.Dependencies)
	file, err := os.ReadFile(orders.File)
	require.NoError(t, err)
	assert.Equal(t, string(file), string(orders.Text))
	assert.Contains(t, orders.Document, "Parameters")

	live, _ := orders.Resource("Live")
	assert.Equal(t, "shop-dev/Orders/Live/Resource", live.Path)
	assert.Equal(t, "${Orders.Live}", live.Identity())
	group, _ := orders.Resource("Group")
	assert.Empty(t, group.Path, "the metadata has no path of Group")
	table, _ := s.Resource("${Data.OrdersTable}")
	assert.Equal(t, "Retain", table.DeletionPolicy)
	assert.Equal(t, "Retain", table.UpdateReplacePolicy)
	_, ok := s.Resource("${Data.Nothing}")
	assert.False(t, ok, "a resource that no stack declares is found")
}

func TestEveryReferenceHasOneIdentity(t *testing.T) {
	s := read(t, "testdata/shop", "shop-dev")
	data := stack(t, s, "Data")
	direct := data.Outputs[slices.IndexFunc(data.Outputs, func(o *Output) bool { return o.ID == "PublishOrdersTable" })].Value
	imported, _ := s.Resource("${Monolith.Catalogue}")
	weak := s.TaskDefinitions[0].Containers[0].Environment["ORDERS_TABLE"]
	for how, got := range map[string]any{"Ref": direct, "ImportValue": imported.Properties["Value"], "GetStackOutput": weak} {
		assert.Equal(t, "${Data.OrdersTable}", got, how)
	}
}

func TestOutputsKnowTheirReaders(t *testing.T) {
	want := []Output{
		{ID: "ExportOrdersTable", Value: "${Data.OrdersTable}", Export: "shop-dev-Data:OrdersTable", ReadBy: []string{"Monolith"}},
		{ID: "PublishOrdersTable", Value: "${Data.OrdersTable}", ReadBy: []string{"Orders"}},
		{ID: "PublishOrdersTableArn", Value: "${Data.OrdersTable.Arn}", ReadBy: []string{"Backup", "Orders"}},
	}
	outputs := stack(t, read(t, "testdata/shop", "shop-dev"), "Data").Outputs
	require.Len(t, outputs, len(want))
	for i, got := range outputs {
		assert.Equal(t, want[i], *got)
	}
}

func TestResourcesByType(t *testing.T) {
	s := read(t, "testdata/shop", "shop-dev")
	var got []string
	for r := range s.Resources("AWS::DynamoDB::Table", "AWS::ECS::Service", "AWS::ElasticLoadBalancingV2::TargetGroup") {
		got = append(got, r.Identity())
	}
	want := []string{"${Data.AuditTable}", "${Monolith.Group}", "${Orders.Group}", "${Orders.Service}"}
	assert.Equal(t, want, got)
	for r := range s.Resources() {
		assert.Equal(t, "AuditTable", r.LogicalID, "the first resource")
		break
	}
}

func TestReadRefuses(t *testing.T) {
	const (
		dev      = "assembly-shop-dev/"
		manifest = dev + "manifest.json"
		data     = dev + "shopdevData4.template.json"
		edge     = dev + "shopdevEdge3.template.json"
		monolith = dev + "shopdevMonolith2.template.json"
		orders   = dev + "shopdevOrders1.template.json"
	)
	for _, test := range []struct {
		name, file, old, new string
		want                 []string
	}{
		{
			"missing export", monolith, `"Name": "shop-dev-Monolith:Group"`, `"Name": "other"`,
			[]string{
				"stack Orders: resource Live: Actions[0].ForwardConfig.TargetGroups[1].TargetGroupArn", `no stack exports "shop-dev-Monolith:Group"`,
			},
		},
		{
			"missing output", data, `"PublishOrdersTable":`, `"Other":`,
			[]string{
				"stack Orders: resource Task: ContainerDefinitions[0].Environment[0].Value", `stack "shop-dev-Data" has no output "PublishOrdersTable"`,
			},
		},
		{
			"place in a policy", data, `"PublishOrdersTableArn":`, `"Other":`,
			[]string{"stack Orders: resource TaskPolicy: PolicyDocument.Statement[0].Resource[0]"},
		},
		{
			"every resource at once", edge, `"PublishListener":`, `"Other":`,
			[]string{"stack Orders: resource Live: ListenerArn", "stack Orders: resource Preview: ListenerArn"},
		},
		{
			"every stack at once", data, `"PublishOrdersTableArn":`, `"Other":`,
			[]string{"stack Orders: resource TaskPolicy", "stack Backup: resource Selection"},
		},
		{
			"missing stack", orders, `"StackName": "shop-dev-Edge"`, `"StackName": "shop-dev-Front"`,
			[]string{"stack Orders: resource Preview: ListenerArn", `stack "shop-dev-Front" has no output`},
		},
		{
			"reference to nothing", orders, `{"Ref": "Task"}`, `{"Ref": "Tsak"}`,
			[]string{"stack Orders: resource Service: TaskDefinition", `the template has no "Tsak"`},
		},
		{
			"attribute of nothing", orders, `["Service", "Name"]`, `["Servant", "Name"]`,
			[]string{"stack Orders: resource Scaling: ResourceId", `no resource "Servant"`},
		},
		{
			"attribute of a parameter", orders, `["Service", "Name"]`, `["BootstrapVersion", "Name"]`,
			[]string{`no resource "BootstrapVersion"`},
		},
		{
			"substitution of nothing", data, `${AWS::StackName}`, `${Stack}`,
			[]string{"stack Data: output ExportOrdersTable: Export.Name", `no "Stack"`},
		},
		{
			"dependency on nothing", orders, `"DependsOn": "Service"`, `"DependsOn": "Servant"`,
			[]string{"stack Orders: resource Live: DependsOn", `no "Servant"`},
		},
		{
			"unknown intrinsic", orders, `"Cluster": "shop"`, `"Cluster": {"Fn::If": ["A", "b", "c"]}`,
			[]string{"stack Orders: resource Service: Cluster", "Fn::If is not supported"},
		},
		{
			"malformed intrinsic", orders, `"Cluster": "shop"`, `"Cluster": {"Fn::Select": ["x"]}`,
			[]string{"stack Orders: resource Service: Cluster", "Fn::Select cannot take"},
		},
		{
			"conditional resource", orders, `"DependsOn": "Service"`, `"Condition": "IsProd"`,
			[]string{"stack Orders: resource Live", "condition IsProd"},
		},
		{
			"conditional output", data, `"PublishOrdersTable": {`, `"PublishOrdersTable": {"Condition": "IsProd", `,
			[]string{"stack Data: output PublishOrdersTable", "condition IsProd"},
		},
		{
			"export taken", monolith, `"Name": "shop-dev-Monolith:Group"`, `"Name": "shop-dev-Data:OrdersTable"`,
			[]string{"stack Monolith: output ExportGroup", `"shop-dev-Data:OrdersTable" is already exported by shop-dev-Data`},
		},
		{
			"cycle of resources", orders, `"Priority": 100,`, `"Priority": {"Fn::GetAtt": ["Service", "Priority"]},`,
			[]string{"stack Orders: cycle: Service → Preview → Service"},
		},
		{
			"cycle of stacks", manifest, `"dependencies": ["shopdevData4"]`, `"dependencies": ["shopdevOrders1"]`,
			[]string{"cycle: shopdevOrders1 → shopdevMonolith2 → shopdevOrders1"},
		},
		{
			"cycle of outputs", data, `"PublishOrdersTable": {"Value": {"Ref": "OrdersTable"}}`,
			`"PublishOrdersTable": {"Value": {"Fn::GetStackOutput": {"StackName": "shop-dev-Data", "OutputName": "PublishOrdersTable"}}}`,
			[]string{"stack Data: output PublishOrdersTable: cycle"},
		},
		{
			"two stacks with one ID", manifest, `"displayName": "shop-dev/Edge"`, `"displayName": "shop-dev/x/Data"`,
			[]string{`stage "shop-dev" has two stacks with the ID Data`},
		},
		{
			"regular expression", orders, `"PathPatternConfig": {"Values"`, `"PathPatternConfig": {"RegexValues"`,
			[]string{"stack Orders: resource Preview", "RegexValues"},
		},
		{
			"rule transform", orders, `"Priority": 100,`, `"Priority": 100, "Transforms": [{"Type": "host-header-rewrite"}],`,
			[]string{"stack Orders: resource Preview: the transforms", "only one url-rewrite is supported"},
		},
		{
			"expression that is none", orders, `"Priority": 100,`,
			`"Priority": 100, "Transforms": [{"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": "(", "Replace": "/"}]}}],`,
			[]string{"stack Orders: resource Preview: the transforms", "missing closing )"},
		},
		{
			"stickiness", orders, `"ForwardConfig": {`, `"ForwardConfig": {"TargetGroupStickinessConfig": {"Enabled": true},`,
			[]string{"stack Orders: resource Live: Actions: TargetGroupStickinessConfig of 0 seconds: want 1 to 604800"},
		},
		{
			"unknown condition", orders, `"Field": "source-ip"`, `"Field": "phase-of-moon"`,
			[]string{"stack Orders: resource Preview: Conditions[2]", `condition "phase-of-moon" is not supported`},
		},
		{
			"two actions", orders, `[{"Type": "forward",`, `[{"Type": "forward"}, {"Type": "forward",`,
			[]string{"stack Orders: resource Preview: Actions: 2 actions"},
		},
		{
			"unknown action", orders, `[{"Type": "forward",`, `[{"Type": "authenticate-oidc",`,
			[]string{"stack Orders: resource Preview: Actions", `action "authenticate-oidc" is not supported`},
		},
		{
			"property of another type", orders, `"Cpu": "256"`, `"Cpu": "much"`,
			[]string{"stack Orders: resource Task"},
		},
		{"broken template", orders, `{`, ``, []string{"shopdevOrders1.template.json"}},
		{"missing template", manifest, `"shopdevOrders1.template.json"`, `"gone.json"`, []string{"gone.json"}},
		{"missing nested assembly", "manifest.json", `"directoryName": "assembly-shop-dev"`, `"directoryName": "gone"`, []string{"gone"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(changed(t, test.file, test.old, test.new))
			require.Error(t, err)
			for _, want := range test.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
	_, err := Read(t.TempDir())
	assert.ErrorIs(t, err, os.ErrNotExist, "an empty folder")
}
