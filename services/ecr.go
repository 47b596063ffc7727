package services

import "regexp"

// ECRImage is an image in a repository of Amazon ECR.
type ECRImage struct {
	// Account has 12 digits. Repository may contain slashes.
	Account, Region, Repository string
	// Version is a tag, or a digest such as "sha256:…". A reference without one means
	// "latest".
	Version string
}

var ecrReference = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)[:@]?(.*)$`)

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
