package test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/review/diff"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func reviewed(t *testing.T, before, after *assembly.Stage) diff.Diff {
	t.Helper()
	d, err := diff.Of(before, after)
	require.NoError(t, err)
	return d
}

// wantReview compares a review with all its lines. "…" stands for the rest of a line.
func wantReview(t *testing.T, name string, d diff.Diff, want ...string) {
	t.Helper()
	got := slices.DeleteFunc(strings.Split(d.Markdown(), "\n"), func(line string) bool { return line == "" })
	for i, line := range want {
		if start, open := strings.CutSuffix(line, "…"); open && i < len(got) && strings.HasPrefix(got[i], start) {
			got[i] = line
		}
	}
	assert.Equal(t, want, got, name)
}

// The review of one word in cdk.json is five lines, and names one stack.
func TestReviewOfAPhase(t *testing.T) {
	before, after := assemble(t, contextKey("beta", "10%")), assemble(t, contextKey("beta", "50%"))
	wantReview(t, "10% to 50%", reviewed(t, before, after),
		"**fixture-dev**: 1 stack changes, no finding.",
		"- Stack `Beta`: 1 resource changed.",
		"- Phase of beta: 10% → 50%.",
		"- `/api/beta`, `/api/beta/*`: beta 10 → 50 %, legacy 90 → 50 %.",
		"- Cost a month, without traffic: …",
	)
	const betaTable = "`dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:Query` on table of beta, its index `all`."
	strangled := assemble(t, contextKey("beta", "strangled"))
	wantReview(t, "live to strangled", reviewed(t, at(t, allLive), strangled),
		"**fixture-dev**: 1 stack changes, no finding.",
		"- Stack `Legacy`: 5 resources changed, 1 resource removed.",
		"- Phase of beta: live → strangled.",
		"- Tasks of legacy: 2–10 → 2–8.",
		"- Permissions: the task role of legacy may no longer "+betaTable,
		"- Cost a month, without traffic: …",
	)
	// The way back gives the monolith what it had.
	wantReview(t, "strangled to live", reviewed(t, strangled, at(t, allLive)),
		"**fixture-dev**: 1 stack changes, no finding.",
		"- Stack `Legacy`: 1 resource added, 5 resources changed.",
		"- Phase of beta: strangled → live.",
		"- Tasks of legacy: 2–8 → 2–10.",
		"- Permissions: the task role of legacy may "+betaTable,
		"- Cost a month, without traffic: …",
	)
}

func TestReviewOfNoChange(t *testing.T) {
	for _, s := range situations {
		wantReview(t, fmt.Sprint(s), reviewed(t, at(t, s), at(t, s)), "**fixture-dev**: no change.")
	}
}

// From any situation to any other there is a finding where the migration has no such
// step, and none where it has, whatever else the step changes.
func TestReviewOfEveryStep(t *testing.T) {
	for _, from := range situations {
		for _, to := range situations {
			findings := reviewed(t, at(t, from), at(t, to)).Findings
			if wrong := services.Step(from.migration(t), to.migration(t)); len(wrong) > 0 {
				assert.NotEmpty(t, findings, "%v to %v: want a finding, for %v", from, to, wrong)
			} else {
				assert.Empty(t, findings, "%v to %v", from, to)
			}
			for _, finding := range findings {
				assert.Regexp(t, "^Phase: ", finding, "%v to %v", from, to)
			}
		}
	}
}

func (s situation) migration(t *testing.T) services.Migration {
	t.Helper()
	m, err := services.ParseMigration(completed(t), s.phases())
	require.NoError(t, err)
	return m
}

func TestReviewOfAJump(t *testing.T) {
	for _, test := range []struct {
		before, after *assembly.Stage
		want          string
	}{
		{
			assemble(t, contextKey("beta", "dark")), assemble(t, contextKey("beta", "strangled")),
			"Phase: `\"beta\" goes from dark to strangled: make it live first",
		},
		{
			at(t, situation{"strangled", services.Serving}), at(t, situation{"strangled", services.Retired}),
			"Phase: `the monolith goes from serving to retired: make it drained first",
		},
	} {
		got := reviewed(t, test.before, test.after).Findings
		require.Len(t, got, 1, test.want)
		assert.Regexp(t, "^"+regexp.QuoteMeta(test.want), got[0])
	}
}

func TestReviewOfAService(t *testing.T) {
	with := assemble(t, addService(services.Service{
		Name: "fourth", Image: services.Image{Registry: fixture.Registry + "fourth:1.0"},
		Paths: []string{"/fourth"}, Priority: 24999,
		Table: &services.Table{PartitionKey: "id"},
	}, "live"))
	wantReview(t, "a new service", reviewed(t, at(t, allLive), with),
		"**fixture-dev**: 4 stacks change, no finding.",
		"- Stack `Data`: 1 resource added.",
		"- Stack `Watch`: 1 resource changed.",
		"- Stack `Legacy`: 1 resource added, 5 resources changed.",
		"- Stack `Fourth` is new: 24 resources.",
		"- Service fourth is new, and live.",
		"- `/fourth`: fourth 0 → 100 %, legacy 100 → 0 %.",
		"- Service fourth opens on 1 of 2 tasks: deploy it dark first.",
		"- Permissions: `Service ecs-tasks.amazonaws.com` may `sts:AssumeRole`, says the execution role of fourth, if …",
		"- Permissions: the execution role of fourth may `ecr:BatchCheckLayerAvailability`, `ecr:BatchGetImage`, …",
		"- Permissions: the execution role of fourth may `ecr:GetAuthorizationToken` on `*`.",
		"- Permissions: the execution role of fourth may `logs:CreateLogStream`, `logs:PutLogEvents` on log group of fourth.",
		"- Permissions: `Service ecs-tasks.amazonaws.com` may `sts:AssumeRole`, says the task role of fourth, if …",
		"- Permissions: the task role of fourth may `dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:Query` on table of fourth.",
		"- Permissions: the task role of legacy may `dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:Query` on table of fourth.",
		"- Cost a month, without traffic: …",
		"- Cost of fourth: $0.00 → …",
	)
	wantReview(t, "a removed service", reviewed(t, with, at(t, allLive)),
		"**fixture-dev**: 4 stacks change, 2 findings.",
		"- **Finding**: Stack `Fourth`: service fourth is live and goes, …",
		"- **Finding**: Stack `Data`: table of fourth `FourthTable…",
		"- Stack `Data`: 1 resource removed.",
		"- Stack `Watch`: 1 resource changed.",
		"- Stack `Legacy`: 5 resources changed, 1 resource removed.",
		"- Stack `Fourth` is no longer in the app, with 24 resources: no deployment deletes it, destroy it.",
		"- Service fourth goes, and was live.",
		"- `/fourth`: fourth 100 → 0 %, legacy 0 → 100 %.",
		"- Permissions: the execution role of fourth goes, with all its statements.",
		"- Permissions: the task role of fourth goes, with all its statements.",
		"- Permissions: the task role of legacy may no longer `dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:Query` on table of fourth.",
		"- Cost a month, without traffic: …",
		"- Cost of fourth: …",
	)
}

func TestReviewOfMoreTasks(t *testing.T) {
	after := assemble(t, editService("beta", func(s *services.Service) { s.Scaling.Min = 4 }))
	d := reviewed(t, at(t, allLive), after)
	wantReview(t, "twice the tasks", d,
		"**fixture-dev**: 1 stack changes, no finding.",
		"- Stack `Beta`: …",
		"- Tasks of beta: 2–10 → 4–10.",
		"- Cost a month, without traffic: …",
		"- Cost of beta: …",
	)
	before, now := estimated(t, at(t, allLive)), estimated(t, after)
	for i, want := range []string{
		fmt.Sprintf("Cost a month, without traffic: %s → %s.", before.Total(), now.Total()),
		fmt.Sprintf("Cost of beta: %s → %s.", before.Subtotal("Beta"), now.Subtotal("Beta")),
	} {
		assert.Equal(t, want, d.Cost[i])
	}
}

// A change that would lose a table is a finding that names the table and the cause.
func TestReplacedTable(t *testing.T) {
	table := startingWith(at(t, allLive), "AWS::DynamoDB::GlobalTable", "AlphaTable")
	for name, test := range map[string]struct {
		edit func(table map[string]any)
		want string
	}{
		"another key": {func(table map[string]any) {
			table["Properties"].(map[string]any)["KeySchema"].([]any)[0].(map[string]any)["AttributeName"] = "name"
		}, "a change of `KeySchema` replaces it by a new one, without its items"},
		"another local index": {func(table map[string]any) {
			table["Properties"].(map[string]any)["LocalSecondaryIndexes"] = []any{}
		}, "a change of `LocalSecondaryIndexes` replaces it"},
		"a name": {func(table map[string]any) {
			table["Properties"].(map[string]any)["TableName"] = "alpha"
		}, "a change of `TableName` replaces it"},
		"not retained": {func(table map[string]any) { delete(table, "DeletionPolicy") }, "its DeletionPolicy goes from `Retain` to `Delete`"},
	} {
		mutant := mutated(t, allLive, "Data", func(resources map[string]any) {
			test.edit(resources[table.LogicalID].(map[string]any))
		})
		got := reviewed(t, at(t, allLive), mutant).Findings
		if assert.Len(t, got, 1, name) {
			assert.Contains(t, got[0], "Stack `Data`: table of alpha `"+table.LogicalID+"`: "+test.want, name)
		}
	}
}

// A service that is renamed leaves its table behind, with all that is in it.
func TestReviewOfARename(t *testing.T) {
	after := assemble(t, editService("alpha", func(s *services.Service) { s.Name = "people" }),
		editService("gamma", func(s *services.Service) { s.Calls = []string{"people"} }),
		environment("migration", map[string]any{"people": "live", "beta": "live", "gamma": "live", "legacy": "serving"}))
	table := startingWith(after, "AWS::DynamoDB::GlobalTable", "PeopleTable")
	want := "renamed: `" + table.LogicalID + "` in stack `Data` would be created anew, empty"
	got := reviewed(t, at(t, allLive), after).Findings
	require.Len(t, got, 3)
	assert.Contains(t, got[0], "Stack `Alpha`: service alpha is live and goes")
	assert.Contains(t, got[1], "Listener rules of people take a priority that a rule of alpha still has")
	assert.Regexp(t, "^Stack `Data`: table of alpha `AlphaTable", got[2])
	assert.Contains(t, got[2], want)
}

// A change of the catalog or of cdk.json that AWS refuses in the middle of a deployment,
// or that takes a path from its service, is found in the app's own templates.
func TestReviewOfAChangeInTwoSteps(t *testing.T) {
	indexes := func(names ...string) change {
		return editService("beta", func(s *services.Service) {
			s.Table.Indexes = nil
			for _, name := range names {
				s.Table.Indexes = append(s.Table.Indexes, services.Index{Name: name, PartitionKey: "kind", SortKey: "id"})
			}
		})
	}
	priority := func(name string, priority int) change {
		return editService(name, func(s *services.Service) { s.Priority = priority })
	}
	https := domain("shop.example.com", "Z0123456789ABC")
	for name, test := range map[string]struct {
		before, after []change
		want          []string
	}{
		"exchanged priorities": {nil, []change{priority("alpha", 200), priority("beta", 100)}, []string{
			"Listener rules of alpha take a priority that a rule of beta still has: ", "Listener rules of beta take a priority that a rule of " +
				"alpha still has: ",
		}},
		"a priority that is free": {nil, []change{priority("alpha", 300)}, nil},
		"an index for another":    {nil, []change{indexes("other")}, []string{"2 of its indexes change: `all` goes, `other` comes"}},
		"another index":           {nil, []change{indexes("all", "other")}, nil},
		"another key of an index": {
			nil, []change{editService("beta", func(s *services.Service) { s.Table.Indexes[0].PartitionKey = "owner" })},
			[]string{"its index `all` gets another key"},
		},
		"a domain less": {[]change{https}, nil, []string{"it goes while rules of other stacks are attached to it"}},
		"a zone less":   {[]change{environment("azs", 3)}, nil, []string{"Availability zones: 3 → 2."}},
	} {
		findings := reviewed(t, assemble(t, test.before...), assemble(t, test.after...)).Findings
		for _, want := range test.want {
			assert.True(t, slices.ContainsFunc(findings, func(finding string) bool {
				return strings.Contains(finding, want) && strings.Contains(finding, "In two steps: ")
			}), "%s: mutant passed the check: %q", name, findings)
		}
		if len(test.want) == 0 {
			assert.Empty(t, findings, name)
		}
	}
	group := startingWith(at(t, allLive), "AWS::ElasticLoadBalancingV2::TargetGroup", "")
	mutant := mutated(t, allLive, group.Stack, func(resources map[string]any) {
		resources[group.LogicalID].(map[string]any)["Properties"].(map[string]any)["Port"] = 81
	})
	findings := reviewed(t, at(t, allLive), mutant).Findings
	require.Len(t, findings, 1, "mutant passed the check")
	assert.Contains(t, findings[0], "is replaced, because of `Port`, while a live rule forwards to it. In two steps: ")
}

// Every permission that a change must not widen unseen is a finding: each mutant gives
// alpha's task role, or another principal, one more.
func TestWidenedPermissions(t *testing.T) {
	stage := at(t, allLive)
	for name, test := range map[string]struct {
		mutant *assembly.Stage
		want   string
	}{
		"the table of another": {withGrant(t, func(document map[string]any) {
			document["Statement"] = append(document["Statement"].([]any), map[string]any{
				"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": tableOf(stage, "gamma"),
			})
		}), "Stack `Alpha`: the task role of alpha may `dynamodb:GetItem` on table of gamma:"},
		"any resource": {withGrant(t, first(func(s map[string]any) { s["Resource"] = "*" })),
			"the task role of alpha may `dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:Query` on `*`:"},
		"all but a resource": {withGrant(t, first(func(s map[string]any) { s["NotResource"] = s["Resource"]; delete(s, "Resource") })),
			"on `all but "},
		"a role of its own stack": {withGrant(t, first(func(s map[string]any) {
			s["Action"], s["Resource"] = "iam:PutRolePolicy", map[string]any{"Fn::GetAtt": []any{stage.TaskRoles()["alpha"].LogicalID, "Arn"}}
		})), "may `iam:PutRolePolicy` on role"},
		"every name that ends like its own": {withGrant(t, first(func(s map[string]any) {
			s["Action"], s["Resource"] = "dynamodb:GetItem", map[string]any{"Fn::Join": []any{"", []any{"*", tableOf(stage, "alpha")}}}
		})), "may `dynamodb:GetItem` on `*${Data.AlphaTable"},
		"the image of another": {withGrant(t, first(func(s map[string]any) {
			s["Action"], s["Resource"] = "ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:"+accountID+":repository/orders"
		})), "may `ecr:BatchGetImage` on `arn:aws:ecr:eu-west-1:" + accountID + ":repository/orders`"},
		"any principal, in a new resource": {mutated(t, allLive, "Watch", func(resources map[string]any) {
			open := map[string]any{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "t"}
			resources["Open"] = map[string]any{"Type": "AWS::SNS::TopicPolicy", "Properties": map[string]any{
				"Topics": []any{"t"}, "PolicyDocument": map[string]any{"Statement": open},
			}}
		}), "Stack `Watch`: `AWS *` may `sns:Publish` on `t`, says the topic policy of Watch `Open`"},
		"a policy that AWS manages": {withTaskRole(t, func(role map[string]any) {
			role["ManagedPolicyArns"] = []any{"arn:aws:iam::aws:policy/AdministratorAccess"}
		}), "may `all of arn:aws:iam::aws:policy/AdministratorAccess`"},
		"another service that assumes it": {withTaskRole(t, func(role map[string]any) {
			trust := role["AssumeRolePolicyDocument"].(map[string]any)["Statement"].([]any)[0].(map[string]any)
			trust["Principal"] = map[string]any{"Service": "lambda.amazonaws.com"}
		}), "`Service lambda.amazonaws.com` may `sts:AssumeRole`, says the task role of alpha"},
		"no condition of the service that assumes it": {withTaskRole(t, func(role map[string]any) {
			delete(role["AssumeRolePolicyDocument"].(map[string]any)["Statement"].([]any)[0].(map[string]any), "Condition")
		}), "`Service ecs-tasks.amazonaws.com` may `sts:AssumeRole`, says the task role of alpha:"},
		"a bucket over plain HTTP": {mutated(t, allLive, "Edge", func(resources map[string]any) {
			document := ofType(resources, "AWS::S3::BucketPolicy")[0]["PolicyDocument"].(map[string]any)
			document["Statement"] = document["Statement"].([]any)[1:]
		}), "`AWS *` is no longer denied `s3:*` on bucket of Edge"},
		"a bucket without a policy": {mutated(t, allLive, "Edge", func(resources map[string]any) {
			for id, r := range resources {
				if r.(map[string]any)["Type"] == "AWS::S3::BucketPolicy" {
					delete(resources, id)
				}
			}
			for _, r := range resources {
				delete(r.(map[string]any), "DependsOn")
			}
		}), "`AWS *` is no longer denied `s3:*` on bucket of Edge"},
		"an endpoint that passes all": {mutated(t, allLive, "Platform", func(resources map[string]any) {
			delete(ofType(resources, "AWS::EC2::VPCEndpoint")[0], "PolicyDocument")
		}), "`AWS *` may `*` on `*`, says the vpc endpoint"},
	} {
		got := reviewed(t, stage, test.mutant).Findings
		if assert.Len(t, got, 1, name) {
			assert.Contains(t, got[0], test.want, name)
		}
	}
}

// A permission on the role's own resources is listed and no finding, and so is one less.
func TestOwnPermissions(t *testing.T) {
	stage := at(t, allLive)
	for name, test := range map[string]struct {
		mutant *assembly.Stage
		want   string
	}{
		"another action on its table": {withGrant(t, first(func(s map[string]any) {
			s["Action"] = append(s["Action"].([]any), "dynamodb:Scan")
		})), "the task role of alpha may `dynamodb:Scan` on table of alpha, its index `all`."},
		"one action less": {withGrant(t, first(func(s map[string]any) { s["Action"] = "dynamodb:GetItem" })),
			"the task role of alpha may no longer `dynamodb:PutItem`, `dynamodb:Query` on table of alpha, its index `all`."},
	} {
		d := reviewed(t, stage, test.mutant)
		assert.Empty(t, d.Findings, name)
		if assert.Len(t, d.Permissions, 1, name) {
			assert.Regexp(t, regexp.QuoteMeta(test.want)+"$", d.Permissions[0], name)
		}
	}
	// On a table the monolith may do what the table's service may, and no more.
	more := mutated(t, allLive, "Legacy", func(resources map[string]any) {
		first(func(s map[string]any) { s["Action"] = append(s["Action"].([]any), "dynamodb:DeleteItem") })(
			policyDocument(resources[idOf(resources, "LegacyTaskRoleAlphaTable")]))
	})
	got := reviewed(t, stage, more).Findings
	require.Len(t, got, 1)
	assert.Contains(t, got[0], "the task role of legacy may `dynamodb:DeleteItem` on table of alpha")
}

// A collector's permission to send traces is no finding, and a firewall is no permission.
func TestReviewOfCollectorsAndFirewall(t *testing.T) {
	assert.Empty(t, reviewed(t, at(t, allLive), atTraced(t)).Findings, "collectors")
	for _, line := range reviewed(t, at(t, allLive), atPublic(t)).Permissions {
		assert.NotContains(t, line, "web acl")
	}
}

// first edits a policy's first statement.
func first(edit func(statement map[string]any)) func(document map[string]any) {
	return func(document map[string]any) { edit(document["Statement"].([]any)[0].(map[string]any)) }
}

// withTaskRole is the fixture, all live, after an edit of alpha's task role.
func withTaskRole(t *testing.T, edit func(role map[string]any)) *assembly.Stage {
	id := at(t, allLive).TaskRoles()["alpha"].LogicalID
	return mutated(t, allLive, "Alpha", func(resources map[string]any) {
		edit(resources[id].(map[string]any)["Properties"].(map[string]any))
	})
}

// unknownType is in the finding about a resource of a type that the review does not know.
const unknownType = "the review does not know"

// The review knows every type of resource that the app has.
func TestEveryTypeIsDescribed(t *testing.T) {
	unknown := mutated(t, allLive, "Watch", func(resources map[string]any) { resources["New"] = map[string]any{"Type": "AWS::X::Y"} })
	assert.Contains(t, strings.Join(reviewed(t, unknown, nil).Findings, "\n"), unknownType, "mutant passed the check")
	for name, stage := range map[string]*assembly.Stage{
		"dev": at(t, allLive), "public": atPublic(t), "with a NAT gateway": assemble(t, environment("natGateways", 1)),
	} {
		for _, finding := range reviewed(t, stage, nil).Findings {
			assert.NotContains(t, finding, unknownType, name)
		}
	}
}

// What a service takes from the monolith is a finding when the catalog begins to say so, and
// none when the service goes back from strangled.
func TestReviewOfTakes(t *testing.T) {
	taking := editService("beta", func(s *services.Service) {
		s.Takes.Secrets = map[string]services.Secret{"TAKEN": {Secret: "beta"}}
		s.Takes.Egress = []services.Egress{{To: "192.168.20.0/24", Port: 6379, Reason: "sessions"}}
	})
	live, strangled := assemble(t, taking), assemble(t, taking, contextKey("beta", "strangled"))
	begins := reviewed(t, at(t, allLive), live)
	require.Len(t, begins.Findings, 1)
	assert.Contains(t, begins.Findings[0], "the execution role of legacy may `secretsmanager:GetSecretValue`")
	assert.Equal(t, []string{"legacy may now connect to `192.168.20.0/24` on tcp 6379."}, begins.Connections)
	assert.Empty(t, reviewed(t, live, strangled).Findings)
	assert.Equal(t, []string{"legacy may no longer connect to `192.168.20.0/24` on tcp 6379."}, reviewed(t, live, strangled).Connections)
	back := reviewed(t, strangled, live)
	assert.Empty(t, back.Findings)
	assert.Contains(t, strings.Join(back.Permissions, "\n"), "the execution role of legacy may `secretsmanager:GetSecretValue`")
}
