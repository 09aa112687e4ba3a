import { harnessOf } from '../sinks/services/bench.ts';
import { kind } from '../sinks/services/gandi.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('gandi', harnessOf(kind));
