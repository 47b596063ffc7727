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
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

// SignIn finds the region and the credentials where the AWS CLI does. What the SDK would log
// on the way is no part of the one line that an error is.
func SignIn(ctx context.Context, region string) (aws.Config, error) {
	account, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithLogger(logging.Nop{}))
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

// notSignedIn are the codes of credentials that have expired or are wrong.
//
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonErrors.html
var notSignedIn = []string{
	"AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "RequestExpired", "SignatureDoesNotMatch",
	"UnrecognizedClientException",
}

// Explained is an error of AWS in one line. Of nil it is nil.
func Explained(err error) error {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return firstLine(err)
	}
	if slices.Contains(notSignedIn, answer.ErrorCode()) {
		return fmt.Errorf("the credentials have expired or are wrong: sign in again: %s: %s", answer.ErrorCode(), answer.ErrorMessage())
	}
	return fmt.Errorf("%s: %s", answer.ErrorCode(), cmp.Or(answer.ErrorMessage(), "AWS gives no reason"))
}

// firstLine is an error without further lines, or nil.
func firstLine(err error) error {
	if err == nil {
		return nil
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(line)
}
