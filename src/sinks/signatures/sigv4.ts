import { AwsV4Signer } from 'aws4fetch';
import type { HttpRequest } from '../../net/http.ts';
import { basicSeconds } from './digests.ts';

export interface AwsKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
}

/**
 * AWS Signature Version 4 in the Authorization header, over all headers given.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function sigV4(
  request: HttpRequest,
  key: AwsKey,
  place: { readonly region: string; readonly service: string },
  wall: number,
): Promise<HttpRequest> {
  const { method, url, headers = {}, body } = request;
  const signer = new AwsV4Signer({
    method,
    url: url.href,
    headers,
    ...(body === undefined ? {} : { body }),
    ...key,
    ...place,
    datetime: basicSeconds(wall),
    allHeaders: true,
  });
  const signed = await signer.sign();
  return { ...request, headers: Object.fromEntries(signed.headers) };
}
