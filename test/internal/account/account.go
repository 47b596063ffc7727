// Package account signs in to AWS as its CLI does, for the programs that read an account.
package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

// attempts is how often a call is made that AWS throttles: with a pause that grows to 20 s
// between two of them, that is about two minutes.
const attempts = 10

// SignIn finds the region and the credentials where the AWS CLI does. What the SDK would log
// on the way is no part of the one line that an error is.
func SignIn(ctx context.Context, region string) (aws.Config, error) {
	account, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(region), config.WithLogger(logging.Nop{}), config.WithRetryMaxAttempts(attempts))
	switch {
	case err != nil:
		return aws.Config{}, firstLine(err)
	case account.Region == "":
		return aws.Config{}, errors.New("no region: add --region eu-west-1 or another, or set AWS_REGION")
	}
	if _, err := account.Credentials.Retrieve(ctx); err != nil {
		return aws.Config{}, fmt.Errorf("no credentials: sign in as for the AWS CLI, or set AWS_PROFILE: %w", firstLine(err))
	}
	return account, nil
}

// In signs in to the account of an environment: as SignIn does where that is the caller's own,
// or none is named, and otherwise through the role with which the CDK's bootstrap lets others
// look up what is there.
//
// https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html#bootstrapping-env-roles
func In(ctx context.Context, account, region string) (aws.Config, error) {
	signedIn, err := SignIn(ctx, region)
	if err != nil || account == "" {
		return signedIn, err
	}
	client := sts.NewFromConfig(signedIn)
	caller, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return aws.Config{}, Explained(err)
	}
	own := aws.ToString(caller.Arn)
	if aws.ToString(caller.Account) == account {
		return signedIn, nil
	}
	partition := strings.Split(own, ":")[1]
	role := fmt.Sprintf("arn:%[1]s:iam::%[2]s:role/cdk-hnb659fds-lookup-role-%[2]s-%[3]s", partition, account, region)
	signedIn.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(client, role))
	if _, err := signedIn.Credentials.Retrieve(ctx); err != nil {
		return aws.Config{}, fmt.Errorf("%s cannot assume %s: run cdk bootstrap --trust-for-lookup there: %w", own, role, Explained(err))
	}
	return signedIn, nil
}

// notSignedIn are the codes of credentials that have expired or are wrong.
//
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonErrors.html
var notSignedIn = []string{
	"AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "RequestExpired", "SignatureDoesNotMatch",
	"UnrecognizedClientException",
}

// Explained is an error of AWS in one line, which keeps what was said of it on the way. Of nil it
// is nil.
func Explained(err error) error {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return firstLine(err)
	}
	if slices.Contains(notSignedIn, answer.ErrorCode()) {
		return fmt.Errorf("the credentials have expired or are wrong: sign in again: %s: %s", answer.ErrorCode(), answer.ErrorMessage())
	}
	said, short := answer.Error(), answer.ErrorCode()+": "+cmp.Or(answer.ErrorMessage(), "AWS gives no reason")
	var call *smithy.OperationError
	if errors.As(err, &call) {
		said, short = call.Error(), call.OperationName+": "+short
	}
	return firstLine(errors.New(strings.Replace(err.Error(), said, short, 1)))
}

// firstLine is an error without further lines, or nil.
func firstLine(err error) error {
	if err == nil {
		return nil
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(line)
}
