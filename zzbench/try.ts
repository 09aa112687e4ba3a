import { inadyn } from './peers/inadyn.ts';
import { outages } from './peers/outage.ts';
process.on('exit', (c) => console.log('exit', c));
const [,hang] = outages;
console.log(await hang!.run(inadyn, { full: false }));
