package table

import (
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

const (
	// attemptTimeout is a hundred times what DynamoDB usually takes.
	attemptTimeout = time.Second
	// longestPause between attempts; the SDK's own, 20 s, would outlast the call.
	longestPause = 100 * time.Millisecond
	// idleConnections are kept open to DynamoDB. The SDK's own number, 10, makes
	// a busy program shake hands over and over.
	idleConnections = 100
	// expiryWindow is how long before their end credentials are replaced.
	expiryWindow = 5 * time.Minute
)

// NewClient returns a DynamoDB client that is set up by the environment and that
// gives up early: a caller is better served by an error now than by an answer
// after its patience.
//
// It reads AWS_REGION and AWS_ENDPOINT_URL_DYNAMODB, and for credentials either
// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, which ECS sets, or AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. The SDK's own set-up knows many
// more ways, none of which a task has: they would be a fifth of the program and
// a third of its memory.
func NewClient() (*dynamodb.Client, error) {
	region := os.Getenv("AWS_REGION")
	if region == "" {
		return nil, errors.New("AWS_REGION is not set: set it to the region of the tables")
	}
	return dynamodb.New(dynamodb.Options{
		Region:       region,
		BaseEndpoint: endpoint(),
		Credentials: aws.NewCredentialsCache(credentialsProvider(), func(o *aws.CredentialsCacheOptions) {
			o.ExpiryWindow = expiryWindow
		}),
		// What matters comes back as an error; the log belongs to the program.
		Logger: logging.Nop{},
		HTTPClient: awshttp.NewBuildableClient().
			WithTimeout(attemptTimeout).
			WithDialerOptions(func(d *net.Dialer) { d.Timeout = attemptTimeout }).
			WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = idleConnections }),
		APIOptions: []func(*middleware.Stack) error{traced},
		Retryer:    retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = longestPause }),
	}), nil
}

// endpoint is nil, the region's own, unless the environment names another.
func endpoint() *string {
	if url := os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"); url != "" {
		return &url
	}
	return nil
}

// credentialsProvider asks ECS for the task role's credentials, or takes those
// in the environment where the program runs elsewhere.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
func credentialsProvider() aws.CredentialsProvider {
	if path := os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
		return endpointcreds.New("http://169.254.170.2" + path)
	}
	return credentials.NewStaticCredentialsProvider(
		os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN"))
}
