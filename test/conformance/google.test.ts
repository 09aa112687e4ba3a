import { harnessOf } from '../sinks/services/bench.ts';
import { kind } from '../sinks/services/google.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('google', harnessOf(kind));
