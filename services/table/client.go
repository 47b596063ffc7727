package table

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/logging"
)

const (
	// attemptTimeout is a hundred times what DynamoDB usually takes.
	attemptTimeout = time.Second
	// longestPause between attempts; the SDK's own, 20 s, would outlast the call.
	longestPause = 100 * time.Millisecond
	// idleConnections are kept open to DynamoDB. The SDK's own number, 10, makes
	// a busy program shake hands over and over.
	idleConnections = 100
)

// NewClient returns a DynamoDB client that is set up by the environment, as
// every AWS SDK is, and that gives up early: a caller is better served by an
// error now than by an answer after its patience.
func NewClient(ctx context.Context) (*dynamodb.Client, error) {
	c, err := config.LoadDefaultConfig(ctx,
		// What matters comes back as an error; the log belongs to the program.
		config.WithLogger(logging.Nop{}),
		config.WithHTTPClient(awshttp.NewBuildableClient().
			WithTimeout(attemptTimeout).
			WithDialerOptions(func(d *net.Dialer) { d.Timeout = attemptTimeout }).
			WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = idleConnections })),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = longestPause })
		}))
	if err != nil {
		return nil, fmt.Errorf("configure the AWS SDK: %w", err)
	}
	if c.Region == "" {
		return nil, errors.New("AWS_REGION is not set: set it to the region of the tables")
	}
	return dynamodb.NewFromConfig(c), nil
}

// explain adds what was attempted to an error of the SDK, and ErrUnavailable to
// those that the SDK itself would try again.
func explain(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	attempt := fmt.Sprintf(format, args...)
	if errors.Is(err, context.DeadlineExceeded) || retryable.IsErrorRetryable(err).Bool() {
		return fmt.Errorf("%s: %w: %w", attempt, ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", attempt, err)
}

var retryable = retry.IsErrorRetryables(retry.DefaultRetryables)
