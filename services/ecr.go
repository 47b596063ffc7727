package services

import (
	"fmt"
	"regexp"
)

// ECRImage is an image in a repository of Amazon ECR.
type ECRImage struct {
	// Account has 12 digits. Repository may contain slashes.
	Account, Region, Repository string
	// Version is a tag, or a digest such as "sha256:…". A reference without one means
	// "latest".
	Version string
}

// ecrReference has the domains of every partition of AWS.
//
// https://docs.aws.amazon.com/general/latest/gr/ecr.html
var ecrReference = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.` +
	`(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)/([^:@]+)[:@]?(.*)$`)

// imageReference is a repository in a registry, and a tag or a digest or both. ECS takes
// 255 characters.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
// https://pkg.go.dev/github.com/distribution/reference
var imageReference = regexp.MustCompile(`^([A-Za-z0-9.-]+(:\d+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*` +
	`(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$`)

// checkReference refuses what names no image. Empty names none on purpose.
func checkReference(image string) error {
	if image != "" && (len(image) > 255 || !imageReference.MatchString(image)) {
		return fmt.Errorf("image %.60q: want a reference such as registry.example/shop:1.4, of at most 255 characters", image)
	}
	return nil
}

// imageVersion is the tag or digest at the end of an image reference. A colon before
// the last slash is a registry's port.
var imageVersion = regexp.MustCompile(`(?:@(sha256:[0-9a-f]{64})|:([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))$`)

// Floats reports whether a registry reference may lead to another image tomorrow: it
// has no version, or the tag latest.
func (i Image) Floats() bool {
	if i.Registry == "" {
		return false
	}
	version := imageVersion.FindStringSubmatch(i.Registry)
	return version == nil || version[2] == "latest"
}

// ECR parses the image's Registry. ok is false when it is not an ECR reference.
//
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-pull-ecr-image.html
func (i Image) ECR() (image ECRImage, ok bool) {
	parts := ecrReference.FindStringSubmatch(i.Registry)
	if parts == nil {
		return ECRImage{}, false
	}
	image = ECRImage{Account: parts[1], Region: parts[2], Repository: parts[3], Version: parts[4]}
	if image.Version == "" {
		image.Version = "latest"
	}
	return image, true
}
