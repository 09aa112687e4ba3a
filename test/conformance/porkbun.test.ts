import { harnessOf } from '../sinks/services/bench.ts';
import { kind } from '../sinks/services/porkbun.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('porkbun', harnessOf(kind));
