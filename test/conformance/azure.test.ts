import { kind } from '../sinks/services/azure.ts';
import { harnessOf } from '../sinks/services/bench.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('azure', harnessOf(kind));
