import { harnessOf } from '../sinks/services/bench.ts';
import { kind } from '../sinks/services/ovh.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('ovh', harnessOf(kind));
