import dnsPacket from 'dns-packet';

/** RFC 1035 section 4.1.1: recursion desired and available; the response code for a name that does not exist. */
const RECURSION = 0x0180;
const NXDOMAIN = 3;

/** What a recursive name server that knows these names and no other says to a question. Nobody is to remember it: the TTL is 0. */
export function answerTo(message: Buffer, hosts: Readonly<Record<string, string>>): Buffer {
  const { id = 0, questions = [] } = dnsPacket.decode(message);
  const [question] = questions;
  const address = hosts[question?.name.toLowerCase() ?? ''];
  return dnsPacket.encode({
    type: 'response',
    id,
    flags: RECURSION | (address === undefined ? NXDOMAIN : 0),
    questions,
    answers:
      address !== undefined && question?.type === 'A'
        ? [{ name: question.name, type: 'A', ttl: 0, data: address }]
        : [],
  });
}
