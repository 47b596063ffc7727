package test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/iam"
	"example.com/strangler/test/internal/synth"
)

// grant is that a role may do something with a resource, all by their names after
// deployment.
type grant struct{ role, action, resource string }

// asked are actions that a program has a use for, and those that an attacker who
// took it over would try. Those that a policy names are asked as well.
var asked = strings.Fields(`
	dynamodb:GetItem dynamodb:BatchGetItem dynamodb:Query dynamodb:Scan dynamodb:PutItem dynamodb:UpdateItem
	dynamodb:DeleteItem dynamodb:BatchWriteItem dynamodb:PartiQLSelect dynamodb:PartiQLDelete dynamodb:UpdateTable
	dynamodb:DeleteTable dynamodb:PutResourcePolicy dynamodb:ExportTableToPointInTime dynamodb:GetRecords
	logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents logs:DescribeLogStreams logs:GetLogEvents
	logs:FilterLogEvents logs:DeleteLogGroup logs:DeleteLogStream logs:PutRetentionPolicy
	ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer
	ecr:PutImage ecr:InitiateLayerUpload ecr:BatchDeleteImage ecr:SetRepositoryPolicy ecr:DeleteRepository
	s3:GetObject s3:PutObject s3:DeleteObject s3:ListBucket s3:GetBucketPolicy s3:PutBucketPolicy s3:DeleteBucket
	kms:Decrypt kms:Encrypt kms:GenerateDataKey kms:CreateGrant kms:PutKeyPolicy kms:ScheduleKeyDeletion
	iam:PassRole iam:PutRolePolicy iam:AttachRolePolicy iam:UpdateAssumeRolePolicy iam:CreateUser iam:CreateAccessKey
	sts:AssumeRole sts:GetFederationToken sns:Publish sns:Subscribe sns:SetTopicAttributes
	ecs:ExecuteCommand ecs:RunTask ecs:StopTask ecs:UpdateService ecs:RegisterTaskDefinition
	xray:PutTraceSegments xray:PutTelemetryRecords xray:GetTraceSummaries xray:BatchGetTraces
	ssmmessages:CreateControlChannel ssm:GetParameter ssm:GetParameters ssm:GetParameterHistory ssm:PutParameter
	secretsmanager:GetSecretValue secretsmanager:DescribeSecret secretsmanager:PutSecretValue
	sqs:SendMessage sqs:ReceiveMessage sqs:PurgeQueue
	ec2:AuthorizeSecurityGroupIngress ec2:RunInstances lambda:InvokeFunction cloudformation:UpdateStack`)

// strangers are resources that the environment has nothing to do with, some of
// them with names like its own.
var strangers = []string{
	"*",
	regional("dynamodb", "table/orders"),
	"arn:aws:dynamodb:us-east-1:" + accountID + ":table/" + fixture.Catalog().Name + "-dev-Data-AlphaTable",
	"arn:aws:dynamodb:eu-west-1:444455556666:table/" + fixture.Catalog().Name + "-dev-Data-AlphaTable",
	regional("logs", "log-group:/aws/lambda/orders:log-stream:1"),
	regional("ecr", "repository/orders"),
	"arn:aws:s3:::orders", "arn:aws:s3:::orders/1",
	"arn:aws:s3:::cdk-hnb659fds-assets-" + accountID + "-eu-west-1/template.json",
	regional("kms", "key/11111111-2222-3333-4444-555555555555"),
	"arn:aws:iam::" + accountID + ":role/cdk-hnb659fds-cfn-exec-role-" + accountID + "-eu-west-1",
	"arn:aws:iam::" + accountID + ":user/admin",
	regional("secretsmanager", "secret:orders"), regional("ssm", "parameter/orders"),
	regional("ec2", "security-group/sg-1"),
	regional("sqs", "orders"),
}

// targets are the ARNs that requests can name: those of the environment, of what
// is in them, and of strangers.
func targets(stage *assembly.Stage) []string {
	all := slices.Clone(strangers)
	for r := range stage.Resources() {
		arn := deployedARN(stage, r)
		switch r.Type {
		case "AWS::Logs::LogGroup":
			all = append(all, stream(arn))
		case "AWS::S3::Bucket":
			all = append(all, bucketARNs(arn)...)
		case "AWS::EC2::VPC":
			all = append(all, defaultGroup(stage, r))
		default:
			if !strings.HasPrefix(arn, unknownARN) {
				all = append(all, arn)
			}
		}
	}
	for _, table := range stage.Tables {
		all = append(all, tableARNs(stage, table)...)
		all = append(all, deployedARN(stage, table.Resource)+"/stream/1")
	}
	for _, s := range fixture.Catalog().All() {
		all = append(all, neededBy(s.Needs)...)
		all = append(all, neededBy(s.Takes)...)
	}
	for _, task := range stage.TaskDefinitions {
		for _, container := range task.Containers {
			all = append(all, repository(stage, container))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// tableARNs are those of a table and its indexes.
func tableARNs(stage *assembly.Stage, table assembly.Table) []string {
	arns := []string{deployedARN(stage, table.Resource)}
	for _, index := range slices.Concat(table.GlobalIndexes, table.LocalIndexes) {
		arns = append(arns, arns[0]+"/index/"+index.Name)
	}
	return arns
}

// bucketARNs are those of a bucket, an object, and one of the load balancer's logs.
func bucketARNs(arn string) []string {
	return []string{arn, arn + "/1", arn + "/AWSLogs/" + accountID + "/1"}
}

// stream is a stream of the log group with that ARN.
func stream(logGroup string) string { return strings.TrimSuffix(logGroup, "*") + "log-stream:1" }

func defaultGroup(stage *assembly.Stage, vpc assembly.Resource) string {
	return regional("ec2", "security-group/") + deployed(stage, strings.TrimSuffix(vpc.Identity(), "}")+".DefaultSecurityGroup}")
}

// repository is the one that a container's image is pulled from.
func repository(stage *assembly.Stage, container assembly.Container) string {
	_, image, _ := strings.Cut(deployed(stage, container.Image.Reference), "/")
	name, _, _ := strings.Cut(image, ":")
	return regional("ecr", "repository/") + name
}

// request is what the roles' requests say of themselves.
func request(role, action, resource string, secure bool) iam.Request {
	return iam.Request{Action: action, Resource: resource, Context: map[string]string{
		"aws:PrincipalArn":     role,
		"aws:PrincipalAccount": accountID,
		"aws:ResourceAccount":  accountID,
		"aws:RequestedRegion":  "eu-west-1",
		"aws:SecureTransport":  fmt.Sprint(secure),
	}}
}

// grants asks for every role, action and target whether the templates allow it,
// over TLS or not.
func grants(stage *assembly.Stage, secure bool) (map[grant]bool, error) {
	policies, err := policiesOf(stage)
	if err != nil {
		return nil, err
	}
	all := map[grant]bool{}
	actions, resources := actionsOf(stage), targets(stage)
	for _, role := range stage.Roles {
		principal, err := principalOf(stage, role)
		if err != nil {
			return nil, err
		}
		r := request(principal.ARN, "", "", secure)
		for _, resource := range resources {
			r.Resource, r.Policy = resource, policies.of(resource)
			for _, action := range actions {
				r.Action = action
				decision, err := principal.Decide(r)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", role.LogicalID, err)
				}
				if decision == iam.Allow {
					all[grant{principal.ARN, action, resource}] = true
				}
			}
		}
	}
	return all, nil
}

func actionsOf(stage *assembly.Stage) []string {
	all := slices.Clone(asked)
	for _, role := range stage.Roles {
		for _, s := range role.Statements() {
			for _, action := range slices.Concat(s.Action, s.NotAction) {
				if !strings.ContainsAny(action, "*?") {
					all = append(all, action)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// managedByAWS are the policies of AWS's own that roles have here.
//
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html
var managedByAWS = map[string]assembly.Policy{
	"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": {Statements: []assembly.Statement{
		{Effect: "Allow", Action: basicExecution, Resource: assembly.Strings{"*"}},
	}},
}

var basicExecution = assembly.Strings{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}

func principalOf(stage *assembly.Stage, role assembly.Role) (iam.Principal, error) {
	p := iam.Principal{ARN: deployedARN(stage, role.Resource)}
	for _, policy := range role.Policies {
		p.Policies = append(p.Policies, assembly.Policy{Name: policy.Name, Statements: deployedStatements(stage, policy.Statements)})
	}
	for _, arn := range role.ManagedPolicies {
		policy, known := managedByAWS[arn]
		if _, declared := stage.Resource(arn); !known && !declared {
			return p, fmt.Errorf("%s has the unknown policy %s: add it to managedByAWS", role.LogicalID, arn)
		}
		p.Policies = append(p.Policies, policy)
	}
	var err error
	if role.PermissionsBoundary != "" {
		p.Boundary, err = boundaryOf(stage, role)
	}
	return p, err
}

func boundaryOf(stage *assembly.Stage, role assembly.Role) (*assembly.Policy, error) {
	r, ok := stage.Resource(role.PermissionsBoundary)
	if !ok {
		return nil, fmt.Errorf("%s has the boundary %s, which no stack declares", role.LogicalID, role.PermissionsBoundary)
	}
	document, err := documentOf(stage, r)
	return &assembly.Policy{Name: r.LogicalID, Statements: document}, err
}

func documentOf(stage *assembly.Stage, r assembly.Resource) ([]assembly.Statement, error) {
	properties, err := into[struct {
		PolicyDocument struct{ Statement []assembly.Statement }
	}](r.Properties)
	return deployedStatements(stage, properties.PolicyDocument.Statement), err
}

// resourcePolicies are the policies of buckets, topics, keys and roles, by their ARNs.
type resourcePolicies map[string][]assembly.Statement

// of returns the policy of a resource; an object's is that of its bucket.
func (p resourcePolicies) of(arn string) []assembly.Statement {
	if strings.HasPrefix(arn, "arn:aws:s3:::") {
		arn, _, _ = strings.Cut(arn, "/")
	}
	return p[arn]
}

// keyPolicy is that of a KMS key which a person creates in the console: the account's
// policies say who may use it.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
var keyPolicy = []assembly.Statement{{
	Effect: "Allow", Principal: assembly.Principal{"AWS": {"arn:aws:iam::" + accountID + ":root"}},
	Action: assembly.Strings{"kms:*"}, Resource: assembly.Strings{"*"},
}}

func policiesOf(stage *assembly.Stage) (resourcePolicies, error) {
	all := resourcePolicies{}
	for r := range stage.Resources("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::KMS::Key") {
		p, err := into[struct {
			Bucket                    string
			Topics                    []string
			PolicyDocument, KeyPolicy struct{ Statement []assembly.Statement }
		}](r.Properties)
		if err != nil {
			return nil, err
		}
		document := deployedStatements(stage, slices.Concat(p.PolicyDocument.Statement, p.KeyPolicy.Statement))
		switch r.Type {
		case "AWS::KMS::Key":
			all[deployedARN(stage, r)] = document
		case "AWS::S3::BucketPolicy":
			all["arn:aws:s3:::"+deployed(stage, p.Bucket)] = document
		}
		for _, topic := range p.Topics {
			all[deployed(stage, topic)] = document
		}
	}
	for _, role := range stage.Roles {
		arn := deployedARN(stage, role.Resource)
		all[arn] = iam.TrustPolicy(arn, deployedStatements(stage, role.Trust))
	}
	all[regional("kms", "key/"+fixture.Key)] = keyPolicy
	return all, nil
}

// permit is a grant that is meant: these actions on these resources, or on any
// when there is none.
type permit struct{ actions, resources []string }

func (p permit) covers(action, resource string) bool {
	return slices.Contains(p.actions, action) && (len(p.resources) == 0 || slices.Contains(p.resources, resource))
}

// permits are all that roles are meant to have, by their ARNs.
func permits(stage *assembly.Stage, phases phases, secure bool) (map[string][]permit, error) {
	catalog, err := fixture.Catalog().Complete()
	if err != nil {
		return nil, err
	}
	all := map[string][]permit{}
	for _, task := range stage.TaskDefinitions {
		name := task.Containers[0].Name
		all[deployed(stage, task.ExecutionRole)] = slices.Concat(start(stage, task), reads(needsOf(catalog, name, phases)))
		all[deployed(stage, task.TaskRole)] = may(needsOf(catalog, name, phases))
		if len(task.Containers) > 1 {
			role := deployed(stage, task.TaskRole)
			all[role] = append(all[role], permit{[]string{"xray:PutTraceSegments"}, nil})
		}
		for _, table := range stage.Tables {
			o := owner(table)
			phase, moves := phases[o]
			if o == name || name == catalog.Monolith.Name && moves && phase != "strangled" {
				role := deployed(stage, task.TaskRole)
				all[role] = append(all[role], permit{tableActions(catalog, o), tableARNs(stage, table)})
			}
		}
	}
	addOthers(all, stage, secure)
	return all, nil
}

func tableActions(catalog services.Catalog, owner string) []string {
	var actions []string
	for _, s := range catalog.All() {
		if s.Name == owner {
			for _, action := range s.Table.Actions {
				actions = append(actions, "dynamodb:"+action)
			}
		}
	}
	return actions
}

// start is what ECS needs to start a task: its images and its log. The registry's
// login names no repository, so IAM takes it with any.
func start(stage *assembly.Stage, task assembly.TaskDefinition) []permit {
	var repositories []string
	for _, container := range task.Containers {
		repositories = append(repositories, repository(stage, container))
	}
	logs := deployed(stage, strings.TrimSuffix(task.Containers[0].LogOptions["awslogs-group"], "}")+".Arn}")
	return []permit{
		{[]string{"ecr:GetAuthorizationToken"}, nil},
		{[]string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}, repositories},
		{[]string{"logs:CreateLogStream", "logs:PutLogEvents"}, []string{stream(logs)}},
	}
}

// needsOf is what a program needs in some phases: the monolith has what each service that is
// not strangled takes from it.
func needsOf(c services.Catalog, program string, phases phases) services.Needs {
	needs := services.Needs{Secrets: map[string]services.Secret{}}
	add := func(others services.Needs) {
		maps.Copy(needs.Secrets, others.Secrets)
		needs.Permissions = append(needs.Permissions, others.Permissions...)
		needs.Egress = append(needs.Egress, others.Egress...)
	}
	add(c.Find(program).Needs)
	for _, s := range c.Services {
		if program == c.Monolith.Name && phases[s.Name] != "strangled" {
			add(s.Takes)
		}
	}
	return needs
}

// here is where the fixture's environment is.
var here = services.Place{Partition: "aws", Region: "eu-west-1", Account: accountID}

// kept is the ARN of a secret or parameter, with the suffix that Secrets Manager adds.
func kept(s services.Secret) string { return strings.Replace(s.Resource(here), "??????", "AbCdEf", 1) }

// neededBy are the resources that needs are about, each with a neighbour whose name begins
// like its own.
func neededBy(needs services.Needs) []string {
	var all []string
	for _, secret := range needs.Secrets {
		all = append(all, kept(secret), kept(secret)+"-AbCdEf")
		if secret.EncryptionKey != "" {
			all = append(all, here.Resolve(secret.EncryptionKey))
		}
	}
	for _, p := range needs.Permissions {
		for _, arn := range resourcesOf(p) {
			all = append(all, arn, neighbour(arn))
		}
	}
	return all
}

// neighbour is the ARN of another resource whose name begins like one's own.
func neighbour(arn string) string {
	if bucket, object := strings.CutSuffix(arn, "/1"); object {
		return bucket + "-2/1"
	}
	return arn + "-2"
}

// resourcesOf are the resources of a permission, an object in the place of all.
func resourcesOf(p services.Permission) []string {
	var all []string
	for _, resource := range p.Resources {
		arn := here.Resolve(resource)
		if objects, ok := strings.CutSuffix(arn, "/*"); ok {
			arn = objects + "/1"
		}
		all = append(all, arn)
	}
	return all
}

// may are what a program's own role is for, besides its tables.
func may(needs services.Needs) []permit {
	var all []permit
	for _, p := range needs.Permissions {
		all = append(all, permit{p.Actions, resourcesOf(p)})
	}
	return all
}

// reads are what ECS needs to start a task with its secrets.
func reads(needs services.Needs) []permit {
	var all []permit
	for _, secret := range needs.Secrets {
		actions := []string{"secretsmanager:GetSecretValue"}
		if secret.Parameter != "" {
			actions = []string{"ssm:GetParameters"}
		}
		all = append(all, permit{actions, []string{kept(secret)}})
		if secret.EncryptionKey != "" {
			all = append(all, permit{[]string{"kms:Decrypt"}, []string{here.Resolve(secret.EncryptionKey)}})
		}
	}
	return all
}

// addOthers adds the roles that no program acts as: that of the flow logs, and
// those of two functions of the CDK, which empty the default security group and the
// bucket of access logs. A function may write to any log, as AWS's policy for
// functions allows.
func addOthers(all map[string][]permit, stage *assembly.Stage, secure bool) {
	for _, role := range stage.Roles {
		arn := deployedARN(stage, role.Resource)
		switch {
		case strings.HasPrefix(role.LogicalID, "RejectedRole"):
			logs := deployedARN(stage, startingWith(stage, "AWS::Logs::LogGroup", "RejectedLogs"))
			all[arn] = []permit{{[]string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}, []string{stream(logs)}}}
		case strings.HasPrefix(role.LogicalID, "CustomVpcRestrictDefaultSG"):
			all[arn] = []permit{{basicExecution, nil}, {
				[]string{
					"ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress",
					"ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress",
				},
				[]string{defaultGroup(stage, only(stage, "Platform", "AWS::EC2::VPC"))},
			}}
		case strings.HasPrefix(role.LogicalID, "CustomS3AutoDeleteObjects"):
			if all[arn] = []permit{{basicExecution, nil}}; secure {
				bucket := deployedARN(stage, only(stage, "Edge", "AWS::S3::Bucket"))
				actions := []string{"s3:DeleteObject", "s3:GetBucketPolicy", "s3:ListBucket", "s3:PutBucketPolicy"}
				all[arn] = append(all[arn], permit{actions, bucketARNs(bucket)})
			}
		}
	}
}

// startingWith is the resource of a type whose logical id starts with a word.
func startingWith(stage *assembly.Stage, kind, prefix string) assembly.Resource {
	for r := range stage.Resources(kind) {
		if strings.HasPrefix(r.LogicalID, prefix) {
			return r
		}
	}
	return assembly.Resource{}
}

// checkGrants wants every role to have what it is meant to have, and no more. Over
// plain HTTP no role may reach a bucket; the other APIs have no such condition.
func checkGrants(stage *assembly.Stage, phases phases) error {
	var errs []error
	for _, secure := range []bool{true, false} {
		got, err := grants(stage, secure)
		if err != nil {
			return err
		}
		want, err := permits(stage, phases, secure)
		if err != nil {
			return err
		}
		errs = append(errs, compareGrants(stage, got, want))
	}
	return errors.Join(errs...)
}

func compareGrants(stage *assembly.Stage, got map[grant]bool, want map[string][]permit) error {
	var errs []error
	resources := targets(stage)
	for _, role := range stage.Roles {
		arn := deployedARN(stage, role.Resource)
		for _, action := range actionsOf(stage) {
			for _, resource := range resources {
				meant := slices.ContainsFunc(want[arn], func(p permit) bool { return p.covers(action, resource) })
				if may := got[grant{arn, action, resource}]; may != meant {
					errs = append(errs, fmt.Errorf("%s may %s on %s: %v, want %v", arn, action, resource, may, meant))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// phases are the words of services and the monolith.
type phases map[string]string

func (s situation) phases() phases {
	all := phases{fixture.Catalog().Monolith.Name: string(s.monolith)}
	for _, service := range fixture.Catalog().Services {
		all[service.Name] = s.phase
	}
	return all
}

// mixed have every service in every phase while the others are in others.
var mixed = []phases{
	{"alpha": "dark", "beta": "50%", "gamma": "live", "legacy": "serving"},
	{"alpha": "50%", "beta": "live", "gamma": "strangled", "legacy": "serving"},
	{"alpha": "live", "beta": "strangled", "gamma": "dark", "legacy": "serving"},
	{"alpha": "strangled", "beta": "dark", "gamma": "50%", "legacy": "serving"},
	{"alpha": "strangled", "beta": "live", "gamma": "dark", "legacy": "serving"},
	{"alpha": "strangled", "beta": "live", "gamma": "live", "legacy": "drained"},
}

// everywhere are the stages of all situations, of the mixed phases, and one with
// more collectors, by a name for each.
func everywhere(t testing.TB) map[string]phased {
	t.Helper()
	all := map[string]phased{}
	for _, s := range situations {
		all[fmt.Sprint(s)] = phased{Stage: at(t, s), phases: s.phases()}
	}
	for _, p := range mixed {
		all[fmt.Sprint(p)] = phased{Stage: atMixed(t, p), phases: p}
	}
	live := situation{"live", services.Serving}
	all["with collectors"] = phased{atTraced(t), live.phases(), []string{"xray"}}
	return all
}

// phased is a stage, the phases that it is in, and the endpoints that it has and
// others do not.
type phased struct {
	*assembly.Stage
	phases    phases
	endpoints []string
}

var assembledMixed = map[string]*assembly.Stage{}

// atMixed is the fixture in mixed phases, synthesized once for all tests.
func atMixed(t testing.TB, p phases) *assembly.Stage {
	t.Helper()
	key := fmt.Sprint(p)
	if assembledMixed[key] == nil {
		assembledMixed[key] = assemble(t, func(app *synth.App) {
			for name, phase := range p {
				app.Context[name] = phase
			}
		})
	}
	return assembledMixed[key]
}

// Among the mixed phases each service has every phase.
func TestMixedPhasesAreComplete(t *testing.T) {
	for _, s := range fixture.Catalog().Services {
		seen := map[string]bool{}
		for _, p := range mixed {
			seen[p[s.Name]] = true
		}
		assert.Equal(t, []string{"50%", "dark", "live", "strangled"}, slices.Sorted(maps.Keys(seen)), s.Name)
	}
}
