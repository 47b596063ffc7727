package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"example.com/strangler/test/internal/accesslog"
	"example.com/strangler/test/internal/account"
)

// source has logs: files and folders of this machine, and what is below a prefix of a bucket.
type source struct {
	// bucket makes the client of S3 when it is wanted first.
	bucket func(context.Context) (*s3.Client, error)
}

// signedIn reads buckets with the credentials that the AWS CLI has.
func signedIn(ctx context.Context) (*s3.Client, error) {
	config, err := account.SignIn(ctx, "")
	if err != nil {
		return nil, err
	}
	return s3.NewFromConfig(config), nil
}

// each hands over the logs that a name stands for, one after the other.
func (s source) each(ctx context.Context, name string, read func(name string, from io.Reader) error) error {
	if below, ok := strings.CutPrefix(name, "s3://"); ok {
		return s.eachObject(ctx, below, read)
	}
	files, err := accesslog.Files(name)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := eachFile(file, read); err != nil {
			return err
		}
	}
	return nil
}

func eachFile(name string, read func(name string, from io.Reader) error) error {
	from, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // it was only read
	return read(name, from)
}

// eachObject hands over the objects of a bucket whose keys begin with a prefix.
func (s source) eachObject(ctx context.Context, below string, read func(name string, from io.Reader) error) error {
	bucket, prefix, _ := strings.Cut(below, "/")
	client, err := s.bucket(ctx)
	if err != nil {
		return err
	}
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: aws.String(prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("s3://%s: %w", bucket, account.Explained(err))
		}
		for _, object := range page.Contents {
			if err := eachOf(ctx, client, bucket, aws.ToString(object.Key), read); err != nil {
				return err
			}
		}
	}
	return nil
}

func eachOf(ctx context.Context, client *s3.Client, bucket, key string, read func(name string, from io.Reader) error) error {
	object, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if err != nil {
		return fmt.Errorf("s3://%s/%s: %w", bucket, key, account.Explained(err))
	}
	defer func() { _ = object.Body.Close() }() // it was only read
	return read("s3://"+bucket+"/"+key, object.Body)
}
