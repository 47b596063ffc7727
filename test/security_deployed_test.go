package test

import (
	"regexp"
	"strings"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
)

// accountID stands in for the account, which only a deployment knows. The fixture's
// images are in the same.
const accountID = fixture.Account

// reference is what the templates leave to the deployment: ${AWS::AccountId}, and
// ${Data.AlphaTable} with or without an attribute.
var reference = regexp.MustCompile(`\$\{(?:AWS::AccountId|(\w+)\.(\w+)(?:\.(\w+))?)\}`)

// deployed is a text with the names that CloudFormation would give. Only such a
// name can match a pattern that is written by hand.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
func deployed(stage *assembly.Stage, text string) string {
	return reference.ReplaceAllStringFunc(text, func(match string) string {
		parts := reference.FindStringSubmatch(match)
		stack, ok := stage.Stack(parts[1])
		if !ok {
			return accountID
		}
		resource, _ := stack.Resource(parts[2])
		name := strings.Join([]string{stack.Name, parts[2], "EXAMPLE"}, "-")
		switch {
		case parts[3] == "Arn", resource.Type == "AWS::SNS::Topic" && parts[3] == "": // which Ref returns
			return arnPrefix(resource.Type) + name + arnSuffix(resource.Type)
		case parts[3] != "":
			return name + "-" + parts[3]
		}
		return name
	})
}

// arnPrefix is what comes before the name in an ARN.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
func arnPrefix(kind string) string {
	switch kind {
	case "AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table":
		return regional("dynamodb", "table/")
	case "AWS::Logs::LogGroup":
		return regional("logs", "log-group:")
	case "AWS::SNS::Topic":
		return regional("sns", "")
	case "AWS::KMS::Key":
		return regional("kms", "key/")
	case "AWS::ECR::Repository":
		return regional("ecr", "repository/")
	case "AWS::ECS::Cluster":
		return regional("ecs", "cluster/")
	case "AWS::ECS::Service":
		return regional("ecs", "service/")
	case "AWS::Lambda::Function":
		return regional("lambda", "function:")
	case "AWS::S3::Bucket":
		return "arn:aws:s3:::"
	case "AWS::IAM::Role":
		return "arn:aws:iam::" + accountID + ":role/"
	}
	return unknownARN
}

// unknownARN begins the ARN of what no policy here is about.
const unknownARN = "arn:aws:unknown:::"

// arnSuffix is the one that CloudFormation adds to a log group's ARN, and with
// which the ARN is that of every stream in it.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
func arnSuffix(kind string) string {
	if kind == "AWS::Logs::LogGroup" {
		return ":*"
	}
	return ""
}

func regional(service, resource string) string {
	return "arn:aws:" + service + ":eu-west-1:" + accountID + ":" + resource
}

// deployedARN is the ARN of a resource as it would be deployed.
func deployedARN(stage *assembly.Stage, r assembly.Resource) string {
	return deployed(stage, strings.TrimSuffix(r.Identity(), "}")+".Arn}")
}

// deployedStatements are statements with the names that CloudFormation would give.
func deployedStatements(stage *assembly.Stage, statements []assembly.Statement) []assembly.Statement {
	var named []assembly.Statement
	for _, s := range statements {
		s.Resource, s.NotResource = deployedAll(stage, s.Resource), deployedAll(stage, s.NotResource)
		s.Principal = deployedMap(stage, s.Principal)
		conditions := map[string]map[string]assembly.Strings{}
		for operator, keys := range s.Condition {
			conditions[operator] = deployedMap(stage, keys)
		}
		s.Condition = conditions
		named = append(named, s)
	}
	return named
}

func deployedAll(stage *assembly.Stage, texts assembly.Strings) assembly.Strings {
	var named assembly.Strings
	for _, text := range texts {
		named = append(named, deployed(stage, text))
	}
	return named
}

func deployedMap(stage *assembly.Stage, lists map[string]assembly.Strings) map[string]assembly.Strings {
	named := map[string]assembly.Strings{}
	for key, texts := range lists {
		named[key] = deployedAll(stage, texts)
	}
	return named
}
