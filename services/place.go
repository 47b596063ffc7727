package services

import "strings"

// Place is where an environment runs. ARNs in a catalog may leave its parts open, as
// CloudFormation's pseudo parameters do:
// "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:orders".
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
type Place struct{ Partition, Region, Account string }

// somewhere is a place to check an ARN in.
var somewhere = Place{"aws", "eu-west-1", "123456789012"}

// Resolve returns an ARN of the catalog with its open parts filled in.
func (p Place) Resolve(arn string) string {
	return strings.NewReplacer("${AWS::Partition}", p.Partition, "${AWS::Region}", p.Region, "${AWS::AccountId}", p.Account).Replace(arn)
}

// arn returns the ARN of a resource in the place.
func (p Place) arn(service, resource string) string {
	return strings.Join([]string{"arn", p.Partition, service, p.Region, p.Account, resource}, ":")
}
