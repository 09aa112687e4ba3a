/** Documents as gateways write them, made by hand from the UPnP Device Architecture and IGD specifications. */
export function service({
  type,
  control,
  events,
}: {
  type: string;
  control: string;
  events: string;
}): string {
  return (
    `<service><serviceType>urn:schemas-upnp-org:service:${type}</serviceType><serviceId>urn:upnp-org:serviceId:X</serviceId>` +
    `<SCPDURL>/x.xml</SCPDURL><controlURL>${control}</controlURL><eventSubURL>${events}</eventSubURL></service>`
  );
}

const device = (type: string, inside: string) =>
  `<device><deviceType>urn:schemas-upnp-org:device:${type}</deviceType><friendlyName>a router</friendlyName>${inside}</device>`;

/** The services two devices deep, as in IGD. */
export function description(services: readonly string[], head = ''): string {
  const connection = device('WANConnectionDevice:1', `<serviceList>${services.join('')}</serviceList>`);
  const wan = device('WANDevice:1', `<deviceList>${connection}</deviceList>`);
  const root = device('InternetGatewayDevice:1', `<deviceList>${wan}</deviceList>`);
  return (
    '<?xml version="1.0"?>\n<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>' +
    `${head}${root}</root>`
  );
}

const envelope = (body: string) =>
  '<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
  `s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>${body}</s:Body></s:Envelope>\r\n`;

export const soapAnswer = (address: string): string =>
  envelope(
    '<u:GetExternalIPAddressResponse xmlns:u="urn:schemas-upnp-org:service:WANIPConnection:1">' +
      `<NewExternalIPAddress>${address}</NewExternalIPAddress></u:GetExternalIPAddressResponse>`,
  );

export const soapFault = (code: number, words: string): string =>
  envelope(
    '<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>' +
      `<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>${code}</errorCode>` +
      `<errorDescription>${words}</errorDescription></UPnPError></detail></s:Fault>`,
  );

export const event = (variables: Readonly<Record<string, string>>): string =>
  `<e:propertyset xmlns:e="urn:schemas-upnp-org:event-1-0">${Object.entries(variables)
    .map(([name, value]) => `<e:property><${name}>${value}</${name}></e:property>`)
    .join('')}</e:propertyset>`;
